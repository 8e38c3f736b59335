/* draw.js - the graph as boxes and edges: built when its shape changes, told new numbers each second.
 *
 * Packets go down the page.  The host (control) stands beside the rows, as high as all of them, and its
 * edges run between the rows.
 */
'use strict';

const WIDE = { box: 156, high: 58, gap: 44, bar: 92, rows: 56, margin: 10, lines: 2 };
const NARROW = { box: 128, high: 74, gap: 8, bar: 88, rows: 54, margin: 2, lines: 3 };
const LANE = 12;  /* between two of the host's edges */
const GAUGE = 22; /* height of a ring's               */

/* Colours of workers: those of one place (opens.0, opens.1) have one. */
function coloursOf(workers) {
	const places = [...new Set(workers.map(w => w.name.replace(/\.[0-9]+$/, '')))];

	return new Map(workers.map(w => [w.name, places.indexOf(w.name.replace(/\.[0-9]+$/, '')) % 8]));
}

/* ---- shape ---- */

function shapeOf(reading, narrow) {
	return JSON.stringify([narrow, reading.stages.map(s => [s.name, s.kind, s.workers, s.replicas]),
		reading.edges.map(e => [e.key, e.inline, e.full]), reading.workers.map(w => w.name)]);
}

/* Boxes and ways: { boxes: Map of name to { x, y, wide, high }, ways: [{ points, toHost }] }. */
function planOf(reading, size) {
	const hosts = new Set(reading.workers.filter(w => w.host).map(w => w.name));
	const host = reading.stages.find(s => hosts.has(s.workers[0]));
	const stages = reading.stages.filter(s => s !== host);
	const index = new Map(stages.map((s, i) => [s.name, i]));
	const inner = reading.edges.filter(e => index.has(e.from.stage) && index.has(e.to.stage) &&
		e.from.stage !== e.to.stage);
	const l = layout(stages.length, inner.map(e => [index.get(e.from.stage), index.get(e.to.stage)]),
		size.box, size.gap);
	const leaving = new Array(l.rows + 1).fill(0), coming = new Array(l.rows + 1).fill(0);
	const laneOf = new Map(), top = [], boxes = new Map();

	/* each of the host's edges gets a lane of its own below or above the row it is joined with */
	for (const e of reading.edges) {
		const from = index.get(e.from.stage), to = index.get(e.to.stage);

		if (from !== undefined && to === undefined)
			laneOf.set(e.key, leaving[l.row[from]]++);
		if (from === undefined && to !== undefined)
			laneOf.set(e.key, coming[l.row[to]]++);
	}
	let y = size.margin + coming[0] * LANE;
	for (let r = 0; r < l.rows; r++) {
		top.push(y);
		y += size.high + size.rows + (leaving[r] + coming[r + 1]) * LANE;
	}
	const bottom = y - size.rows;
	const width = l.width + (host ? size.gap + size.bar : 0) + 2 * size.margin;

	stages.forEach((s, i) => boxes.set(s.name, { x: size.margin + l.x[i] - size.box / 2,
		y: top[l.row[i]], wide: size.box, high: size.high }));
	if (host)
		boxes.set(host.name, { x: width - size.margin - size.bar, y: size.margin, wide: size.bar,
			high: bottom - size.margin, host: true });
	return { boxes, width, height: bottom + size.margin,
		ways: waysOf(reading, { l, index, inner, top, boxes, laneOf, size, host }) };
}

/* Where edges leave and meet a side of a box: beside one another, in the order of where they lead. */
function portsOf(ends, boxes) {
	const sides = new Map();

	for (const end of ends) {
		const key = end.name + '/' + end.side;

		sides.set(key, (sides.get(key) || []).concat(end));
	}
	for (const side of sides.values()) {
		const box = boxes.get(side[0].name);
		const step = Math.min(24, (box.wide - 20) / side.length);

		side.sort((a, b) => a.toward - b.toward);
		side.forEach((end, i) => { end.x = box.x + box.wide / 2 +
			(i - (side.length - 1) / 2) * step; });
	}
}

function waysOf(reading, { l, index, inner, top, boxes, laneOf, size, host }) {
	const ends = [], way = new Map();
	const centre = name => boxes.get(name).x + boxes.get(name).wide / 2;

	function endAt(name, side, toward) {
		const end = { name, side, toward, x: 0 };

		ends.push(end);
		return end;
	}
	inner.forEach((e, i) => {
		const down = l.row[index.get(e.from.stage)] < l.row[index.get(e.to.stage)];
		const [upper, lower] = down ? [e.from.stage, e.to.stage] : [e.to.stage, e.from.stage];
		const bends = l.bends[i].map(x => x + size.margin);

		way.set(e.key, { down, bends, lower, upper,
			first: endAt(upper, 'bottom', bends.length ? bends[0] : centre(lower)),
			last: endAt(lower, 'top', bends.length ? bends[bends.length - 1] : centre(upper)) });
	});
	for (const e of reading.edges) {
		if (!host || !laneOf.has(e.key))
			continue;
		const out = e.to.stage === host.name, name = out ? e.from.stage : e.to.stage;

		way.set(e.key, { out, name, host: true,
			end: endAt(name, out ? 'bottom' : 'top', 1e6 + laneOf.get(e.key)) });
	}
	portsOf(ends, boxes);
	return reading.edges.map(e => way.has(e.key) ? pointsOf(way.get(e.key), e) : null);

	function pointsOf(w, e) {
		if (w.host) {
			const box = boxes.get(w.name), bar = boxes.get(host.name);
			const y = w.out ? box.y + box.high + 11 + laneOf.get(e.key) * LANE
				: box.y - 11 - laneOf.get(e.key) * LANE;
			const points = [[w.end.x, w.out ? box.y + box.high : box.y], [w.end.x, y], [bar.x, y]];

			return { host: true, points: w.out ? points : points.reverse(), label: [bar.x - 12, y - 2] };
		}
		const start = boxes.get(w.upper), end = boxes.get(w.lower);
		const first = l.row[index.get(w.upper)];
		const points = [[w.first.x, start.y + start.high]];

		w.bends.forEach((x, i) => points.push([x, top[first + 1 + i]],
			[x, top[first + 1 + i] + size.high]));
		points.push([w.last.x, end.y]);
		return { points: w.down ? points : points.reverse() };
	}
}

/* ---- drawing ---- */

/* Curves across the space between two rows, straight lines through a row. */
function pathOf(way) {
	const p = way.points;
	let d = 'M' + p[0].join(' ');

	for (let i = 1; i < p.length; i++) {
		const [x, y] = p[i], [x0, y0] = p[i - 1], middle = (y + y0) / 2;

		d += way.host || x === x0 ? 'L' + x + ' ' + y
			: 'C' + [x0, middle, x, middle, x, y].join(' ');
	}
	return d;
}

/* Points of a way, some pixels apart. */
function dotsOf(path) {
	const length = path.getTotalLength(), dots = [];

	for (let at = 0; at <= length; at += 6)
		dots.push(path.getPointAtLength(at));
	return dots;
}

/* How much of the rectangle covers others and, for its width, sticks out of the picture. */
function covers(r, taken, dots, width) {
	const across = (a, m, b, n) => Math.max(0, Math.min(a + m, b + n) - Math.max(a, b));

	return taken.reduce((sum, t) => sum + across(r.x, r.wide, t.x, t.wide) *
		across(r.y, r.high, t.y, t.high), 0) +
		20 * dots.filter(d => d.x > r.x - 2 && d.x < r.x + r.wide && d.y > r.y && d.y < r.y + r.high).length +
		100 * Math.max(0, -r.x, r.x + r.wide - width);
}

/* A place beside the way where a label of this size covers no box, no label and no line, if there is one. */
function labelPlace(path, wide, high, taken, dots, width) {
	const length = path.getTotalLength();
	let best = null, least = Infinity;

	for (const part of [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82])
		for (const side of [7, -wide - 7, 20, -wide - 20]) {
			const at = path.getPointAtLength(length * part);
			const r = { x: at.x + side, y: at.y - high / 2, wide, high };
			const over = covers(r, taken, dots, width) + Math.abs(part - 0.5) + (Math.abs(side) % 7 ? 2 : 0);

			if (over < least) {
				least = over;
				best = r;
			}
		}
	taken.push(best);
	return best;
}

function pressable(g, label, press) {
	g.setAttribute('tabindex', '0');
	g.setAttribute('role', 'button');
	g.setAttribute('aria-label', label);
	g.addEventListener('click', press);
	g.addEventListener('keydown', event => {
		if (event.key === 'Enter' || event.key === ' ') {
			event.preventDefault();
			press();
		}
	});
	return g;
}

function drawBox(s, box, colour, size, press) {
	const lines = box.host ? 12 : size.lines, texts = [], left = box.host ? 8 : 12;
	const name = svg('text', { class: 'name', x: left, y: 18 },
		s.name + (s.replicas > 1 ? ' ×' + s.replicas : ''));
	const bar = svg('rect', { class: 'busy', x: left, y: box.high - 6, height: 3, width: 0 });

	for (let i = 0; i < lines; i++)
		texts.push(svg('text', { class: 'line', x: left, y: 33 + i * 14 }));
	const g = svg('g', { class: 'stage w' + colour, transform: 'translate(' + box.x + ' ' + box.y + ')' },
		svg('rect', { class: 'box', width: box.wide, height: box.high, rx: 5 }),
		svg('rect', { class: 'stripe', width: 5, height: box.high, rx: 2 }),
		name, ...texts,
		svg('rect', { class: 'share', x: left, y: box.high - 6, height: 3, width: box.wide - left - 8 }),
		bar);

	pressable(g, 'stage ' + s.name, press);
	g.dataset.stage = s.name;
	return { g, texts, bar, room: box.wide - left - 8, host: !!box.host, few: size.lines < 3 };
}

/* The gauge of a ring stands on the middle of its edge. */
function drawEdge(e, way, press) {
	const path = svg('path', { class: 'way', d: pathOf(way), 'marker-end': 'url(#tip)' });
	const g = svg('g', { class: 'edge' + (way.host ? ' host' : '') + (e.full === 'drop' ? ' drops' : '') },
		svg('path', { class: 'touch', d: pathOf(way) }), path);
	const ring = !e.inline && !way.host, label = svg('g', { class: 'label' });
	const first = svg('text', { class: 'rate', y: 10 }), second = svg('text', { class: 'rate', y: 21 });
	const gauge = ring ? [svg('rect', { class: 'ring', width: 7, height: GAUGE }),
		svg('rect', { class: 'queued', width: 7, height: 0, y: GAUGE }),
		svg('rect', { class: 'high', width: 7, height: 1, y: GAUGE })] : [];
	const tank = svg('g', { class: 'tank' }, ...gauge);

	label.append(first, second);
	g.append(tank, label);
	pressable(g, 'edge ' + e.key, press);
	g.dataset.edge = e.key;
	return { g, path, label, tank, first, second, gauge, way };
}

/* Gauges first, then labels where there is room beside them. */
function placeLabels(edges, taken, narrow, width) {
	const dots = edges.filter(d => !d.way.host).flatMap(d => dotsOf(d.path));

	for (const { path, tank, gauge } of edges.filter(d => d.gauge.length)) {
		const at = path.getPointAtLength(path.getTotalLength() / 2);
		const place = { x: at.x - 3.5, y: at.y - GAUGE / 2, wide: 7, high: GAUGE };

		tank.setAttribute('transform', 'translate(' + place.x + ' ' + place.y + ')');
		taken.push(place);
	}
	for (const { path, label, way } of edges) {
		const at = way.host ? { x: way.label[0], y: way.label[1] - 9 }
			: labelPlace(path, narrow ? 58 : 66, 24, taken, dots, width);

		label.setAttribute('transform', 'translate(' + at.x + ' ' + at.y + ')');
	}
}

function updateBox(box, s, chosen) {
	const now = s.drops.concat(refusalsOf(s)).filter(d => d.rate > 0), dropped = total(s.drops, d => d.total);
	const wait = s.wait_ns.recent, call = s.service_ns.recent;
	const lines = [];
	const time = (word, h) => word + ' ' + (h.count ? nanoseconds(quantile(h, 0.99)) : '–');

	if (!wait.count && !call.count)
		lines.push(['idle', '']);
	else if (box.host || !box.few)
		lines.push([time('wait', wait), ''], [time('call', call), '']);
	else
		lines.push([time('wait', wait) + '  ' + time('call', call), '']);
	for (const d of now.sort((a, b) => b.rate - a.rate).slice(0, box.host ? 5 : 1))
		lines.push(box.host ? [d.name, 'bad'] : ['▼ ' + perSecond(d.rate) + ' ' + d.name, 'bad'],
			...(box.host ? [['▼ ' + perSecond(d.rate), 'bad']] : []));
	if (!now.length && s.held)
		lines.push(['keeps ' + count(s.held) + (s.kept_ns ? ', ' + nanoseconds(s.kept_ns) : ''),
			s.kept_ns >= SLOW ? 'warn' : '']);
	else if (!now.length && dropped)
		lines.push([count(dropped) + ' dropped', 'past']);
	box.texts.forEach((text, i) => {
		say(text, lines[i] ? lines[i][0] : '');
		put(text, 'class', 'line ' + (lines[i] ? lines[i][1] : ''));
	});
	put(box.bar, 'width', Math.min(1, s.busy / s.replicas) * box.room);
	box.g.classList.toggle('dropping', now.length > 0);
	box.g.classList.toggle('slow', slownessOf(s, box.host).length > 0);
	box.g.classList.toggle('chosen', chosen === s.name);
}

function updateEdge(drawn, e, chosen) {
	const dropping = e.dropped.rate > 0, moving = e.packets.rate > 0;
	const full = e.depth ? Math.min(1, e.queued / e.depth) : 0;
	const touched = chosen === e.key || chosen === e.from.stage || chosen === e.to.stage;

	say(drawn.first, dropping ? '▼ ' + perSecond(e.dropped.rate) : moving ? perSecond(e.packets.rate) : '');
	say(drawn.second, drawn.way.host ? '' : dropping ? 'of ' + perSecond(e.packets.rate + e.dropped.rate)
		: moving ? bits(e.bytes.rate * 8) : '');
	if (drawn.gauge.length && e.depth) {
		const [, queued, high] = drawn.gauge;

		put(queued, 'height', full * GAUGE);
		put(queued, 'y', GAUGE * (1 - full));
		put(high, 'y', (GAUGE - 1) * (1 - Math.min(1, e.high / e.depth)));
	}
	put(drawn.path, 'stroke-width', moving ? 1 + Math.min(3.5, Math.log10(1 + e.packets.rate) * 0.7) : 1);
	put(drawn.path, 'marker-end', dropping ? 'url(#tip-bad)' : moving ? 'url(#tip-on)' : 'url(#tip)');
	drawn.g.classList.toggle('moving', moving);
	drawn.g.classList.toggle('dropping', dropping);
	drawn.g.classList.toggle('full', full >= FULL);
	drawn.g.classList.toggle('touched', touched);
	drawn.g.classList.toggle('chosen', chosen === e.key);
}

function tip(id) {
	return svg('marker', { id, class: id, viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 8,
		markerHeight: 8, markerUnits: 'userSpaceOnUse', orient: 'auto' },
		svg('path', { d: 'M0 0L8 4L0 8z' }));
}

/* Draw into the container; the function that is returned takes new numbers and what is chosen. */
function draw(container, reading, narrow, choose) {
	const size = narrow ? NARROW : WIDE, plan = planOf(reading, size);
	const colour = coloursOf(reading.workers);
	const picture = svg('svg', { viewBox: '0 0 ' + plan.width + ' ' + plan.height, role: 'group',
		'aria-label': 'stages and edges' }, svg('defs', null, tip('tip'), tip('tip-on'), tip('tip-bad')));
	const taken = [...plan.boxes.values()], boxes = new Map(), edges = new Map();

	picture.style.maxWidth = plan.width + 'px';
	container.replaceChildren(picture);
	reading.edges.forEach((e, i) => {
		if (plan.ways[i]) {
			edges.set(e.key, drawEdge(e, plan.ways[i], () => choose('edge', e.key)));
			picture.append(edges.get(e.key).g);
		}
	});
	for (const s of reading.stages) {
		boxes.set(s.name, drawBox(s, plan.boxes.get(s.name), colour.get(s.workers[0]), size,
			() => choose('stage', s.name)));
		picture.append(boxes.get(s.name).g);
	}
	placeLabels([...edges.values()], taken, narrow, plan.width);
	return (next, chosen) => {
		next.stages.forEach(s => updateBox(boxes.get(s.name), s, chosen));
		next.edges.forEach(e => edges.has(e.key) && updateEdge(edges.get(e.key), e, chosen));
	};
}
