/* layout.js - where the boxes of a graph go: rows along the way of the packets.
 *
 *   1 rank      longest way from a source; an edge that closes a circle is turned round for this
 *   2 fill      an edge that passes rows gets a place in each of them
 *   3 order     of each row, by where its neighbours are, the one with the fewest crossings
 *   4 place     each as near above and below its neighbours as the others let it
 *
 * The host (control) is joined with nearly everything; it is no part of this.  In: n boxes of one
 * width, edges as [from, to].  Out: { rows, x: [centre of box], row: [of box], width,
 * bends: [of edge: [x of its place in each row it passes, from the upper end]] }.
 */
'use strict';

function layout(n, edges, box, gap) {
	const thread = 14; /* width of a place of an edge */

	/* ---- 1 ---- */
	function circles() {
		const state = new Array(n).fill(0), closing = new Set(), order = [];
		const fed = new Set(edges.map(([, to]) => to));

		function visit(at) {
			state[at] = 1;
			edges.forEach(([from, to], i) => {
				if (from === at && state[to] === 1)
					closing.add(i);
				else if (from === at && !state[to])
					visit(to);
			});
			state[at] = 2;
			order.unshift(at);
		}
		for (let i = 0; i < n; i++)
			if (!fed.has(i) && !state[i])
				visit(i);
		for (let i = 0; i < n; i++)
			if (!state[i])
				visit(i);
		return { closing, order };
	}

	function ranks({ closing, order }) {
		const row = new Array(n).fill(0), forward = edges.filter((e, i) => !closing.has(i));

		for (const at of order)
			for (const [from, to] of forward)
				if (from === at)
					row[to] = Math.max(row[to], row[from] + 1);
		for (let i = 0; i < n; i++) {
			const next = forward.filter(([from]) => from === i).map(([, to]) => row[to]);

			if (next.length && !forward.some(([, to]) => to === i))
				row[i] = Math.min(...next) - 1;
		}
		return row;
	}

	/* ---- 2: cells { wide, up, down }, up and down are indexes of cells ---- */
	const { closing, order } = circles(), row = ranks({ closing, order });
	const cells = row.map(() => ({ wide: box, up: [], down: [], x: 0 }));
	const rows = Array.from({ length: Math.max(0, ...row) + 1 }, () => []);
	const ways = [];

	function join(upper, lower) {
		cells[upper].down.push(lower);
		cells[lower].up.push(upper);
	}
	order.forEach(i => rows[row[i]].push(i));
	edges.forEach(([from, to]) => {
		const [upper, lower] = row[from] <= row[to] ? [from, to] : [to, from], way = [];
		let last = upper;

		for (let r = row[upper] + 1; r < row[lower]; r++) {
			cells.push({ wide: thread, up: [], down: [], x: 0 });
			rows[r].push(cells.length - 1);
			way.push(cells.length - 1);
			join(last, cells.length - 1);
			last = cells.length - 1;
		}
		if (row[upper] !== row[lower])
			join(last, lower);
		ways.push(way);
	});

	/* ---- 3 ---- */
	function crossings(order) {
		let sum = 0;

		for (let r = 0; r + 1 < order.length; r++) {
			const at = new Map(order[r + 1].map((c, i) => [c, i])), ends = [];

			order[r].forEach(c => cells[c].down.map(d => at.get(d)).sort((a, b) => a - b)
				.forEach(d => ends.push(d)));
			ends.forEach((d, i) => { sum += ends.slice(i + 1).filter(o => o < d).length; });
		}
		return sum;
	}

	function sorted(line, beside, side) {
		const at = new Map(beside.map((c, i) => [c, i]));
		const wish = new Map(line.map((c, i) => {
			const near = cells[c][side].map(o => at.get(o));

			return [c, near.length ? near.reduce((a, b) => a + b) / near.length : i];
		}));

		return [...line].sort((a, b) => wish.get(a) - wish.get(b));
	}

	function ordered() {
		let now = rows, best = rows;

		for (let turn = 0; turn < 12; turn++) {
			now = now.map(line => [...line]);
			if (turn % 2 === 0)
				for (let r = 1; r < now.length; r++)
					now[r] = sorted(now[r], now[r - 1], 'up');
			else
				for (let r = now.length - 2; r >= 0; r--)
					now[r] = sorted(now[r], now[r + 1], 'down');
			if (crossings(now) < crossings(best))
				best = now;
		}
		return best;
	}

	/* ---- 4 ---- */

	/* The places nearest to the wishes (least squares) that keep order and distance: cells that
	 * would overlap share the mean of what they wish. */
	function settle(line, wishes) {
		const offset = [0], blocks = [];

		for (let i = 1; i < line.length; i++)
			offset.push(offset[i - 1] + (cells[line[i - 1]].wide + cells[line[i]].wide) / 2 + gap);
		line.forEach((c, i) => {
			let block = { sum: wishes[i] - offset[i], n: 1 };

			while (blocks.length && blocks[blocks.length - 1].sum / blocks[blocks.length - 1].n >
					block.sum / block.n) {
				const before = blocks.pop();

				block = { sum: before.sum + block.sum, n: before.n + block.n };
			}
			blocks.push(block);
		});
		let i = 0;
		for (const block of blocks)
			for (let k = 0; k < block.n; k++, i++)
				cells[line[i]].x = block.sum / block.n + offset[i];
	}

	const best = ordered();
	best.forEach(line => settle(line, line.map(() => 0)));
	for (let turn = 0; turn < 16; turn++)
		(turn % 2 ? [...best].reverse() : best).forEach(line => settle(line, line.map(c => {
			const near = [...cells[c].up, ...cells[c].down].map(o => cells[o].x);

			return near.length ? near.reduce((a, b) => a + b) / near.length : cells[c].x;
		})));

	const left = Math.min(...cells.map(c => c.x - c.wide / 2));
	const right = Math.max(...cells.map(c => c.x + c.wide / 2));
	return { rows: rows.length, row, width: right - left, x: row.map((r, i) => cells[i].x - left),
		bends: ways.map(way => way.map(c => cells[c].x - left)) };
}
