/* detail.js - one stage or edge, all that is known of it. */
'use strict';

const QUANTILES = [['p50', 0.5], ['p90', 0.9], ['p99', 0.99], ['p99.9', 0.999], ['max', 1]];
const HISTOGRAMS = [['wait_ns', 'Wait', 'in the rings before it, a vector'],
	['service_ns', 'Service', 'one call'],
	['transit_ns', 'Transit', 'through the node, of packets that end here'],
	['vector', 'Vector', 'packets in one vector']];

function table(className, head, rows) {
	return el('table', { class: className },
		el('thead', null, el('tr', null, ...head.map((h, i) => el('th', i ? { class: 'n' } : null, h)))),
		el('tbody', null, ...rows.map(([kind, ...cells]) => el('tr', kind ? { class: kind } : null,
			...cells.map((c, i) => el('td', i ? { class: 'n' } : null, c))))));
}

/* ---- a histogram ---- */

const STEP = 4; /* bars a power of two */

function barsOf(h) {
	const bars = new Map();

	for (const [bound, n] of h.list) {
		const bar = Math.floor(Math.log2(Math.max(1, bound)) * STEP);

		bars.set(bar, (bars.get(bar) || 0) + n);
	}
	return bars;
}

function barsPicture(all, recent, unit, name) {
	const wide = 420, high = 84, old = barsOf(all), now = barsOf(recent), keys = [...old.keys()];
	const first = Math.min(...keys) - 1, last = Math.max(...keys, first + 12) + 1;
	const step = wide / (last - first + 1), at = bar => (bar - first) * step;
	const picture = svg('svg', { class: 'bars', viewBox: '0 0 ' + wide + ' ' + (high + 30), role: 'img',
		'aria-label': 'histogram of ' + name });

	for (const [bars, kind] of [[old, 'all'], [now, 'recent']]) {
		const most = Math.max(...bars.values());

		for (const [bar, n] of bars) {
			const tall = Math.max(1, n / most * high);

			picture.append(svg('rect', { class: kind, x: at(bar) + 0.5, y: high - tall,
				width: Math.max(1, step - 1), height: tall }));
		}
	}
	const shown = recent.count ? recent : all;
	for (const [word, p] of [['p50', 0.5], ['p99', 0.99]]) {
		const x = at(Math.log2(Math.max(1, quantile(shown, p))) * STEP);

		picture.append(svg('line', { class: 'mark', x1: x, x2: x, y1: 0, y2: high + 4 }),
			svg('text', { class: 'mark', x: x + (x > wide - 40 ? -3 : 3), y: word === 'p50' ? 9 : 20,
				'text-anchor': x > wide - 40 ? 'end' : 'start' }, word));
	}
	for (let bar = Math.ceil(first / STEP) * STEP, n = 0; bar <= last; bar += STEP, n++)
		if ((last - first) / STEP <= 6 || n % 3 === 0)
			picture.append(svg('line', { class: 'tick', x1: at(bar), x2: at(bar), y1: high, y2: high + 4 }),
				svg('text', { class: 'tick', x: at(bar), y: high + 16, 'text-anchor':
					at(bar) < 20 ? 'start' : at(bar) > wide - 20 ? 'end' : 'middle' },
				unit(2 ** (bar / STEP))));
	return picture;
}

function histogramOf(s, [member, title, what]) {
	const { all, recent } = s[member], unit = member === 'vector' ? n => count(Math.round(n)) : nanoseconds;
	const value = (h, p) => h.count ? unit(p === 1 ? h.max : quantile(h, p)) : '–';

	if (!all.count)
		return [];
	return [el('h3', null, title, el('small', null, ' ' + what)),
		barsPicture(all, recent, unit, title + ' of ' + s.name),
		table('quantiles', ['', ...QUANTILES.map(([word]) => word), 'values'],
			[['', 'last seconds', ...QUANTILES.map(([, p]) => value(recent, p)), count(recent.count)],
			 ['', 'since start', ...QUANTILES.map(([, p]) => value(all, p)), count(all.count)]])];
}

/* ---- a stage, an edge ---- */

function heading(kind, name, note, close) {
	const button = el('button', { class: 'close', type: 'button', 'aria-label': 'close' }, '✕');

	button.addEventListener('click', close);
	return el('div', { class: 'heading' }, el('h2', null, kind + ' ', el('b', null, name),
		el('small', null, note ? ' ' + note : '')), button);
}

function namedRows(items, bad) {
	return items.filter(i => i.total).sort((a, b) => b.rate - a.rate || b.total - a.total)
		.map(i => [bad ? (i.rate > 0 ? 'bad' : 'past') : '', i.name,
			i.rate > 0 ? perSecond(i.rate) : '', count(i.total)]);
}

function settingsOf(settings) {
	const rows = Object.entries(settings || {}).filter(([key]) => key !== 'kind')
		.map(([key, value]) => ['', key, typeof value === 'string' ? value : JSON.stringify(value)]);

	return rows.length ? [el('h3', null, 'Settings'), table('settings', ['', ''], rows)] : [];
}

function stageDetail(s, settings, close) {
	const row = (word, c) => ['', word, c.rate > 0 ? perSecond(c.rate) : '', count(c.total)];
	const drops = namedRows(s.drops, true), counters = namedRows(s.counters, false);

	return [heading('Stage', s.name, (s.kind !== s.name ? s.kind + ', ' : '') + (s.replicas > 1 ?
			s.replicas + ' replicas on ' : 'on ') + s.workers.join(', '), close),
		...HISTOGRAMS.slice(0, 2).flatMap(h => histogramOf(s, h)),
		...(s.wait_ns.all.count ? [] : [el('p', null, 'Nothing has waited before it: there is no ring, or it ' +
			'was empty.')]),
		...(drops.length ? [el('h3', null, 'Drops'), table('drops', ['', 'now', 'since start'], drops)] : []),
		el('h3', null, 'Packets'),
		table('', ['', 'now', 'since start'], [row('in', s.in), row('made', s.made), row('out', s.out),
			row('taken', s.taken), row('dropped', s.dropped), ['', 'kept', s.kept_ns ? 'about ' +
				nanoseconds(s.kept_ns) : '', count(s.held)], row('calls', s.calls),
			['', 'busy', share(s.busy), '']]),
		...HISTOGRAMS.slice(2).flatMap(h => histogramOf(s, h)),
		...(counters.length ? [el('h3', null, 'Counters'), table('', ['', 'now', 'since start'], counters)]
			: []),
		...settingsOf(settings)];
}

function edgeDetail(e, close) {
	const rows = [['', 'packets', e.packets.rate > 0 ? perSecond(e.packets.rate) : '', count(e.packets.total)],
		['', 'bytes', e.bytes.rate > 0 ? bits(e.bytes.rate * 8) : '', count(e.bytes.total)],
		[e.dropped.rate > 0 ? 'bad' : e.dropped.total ? 'past' : '', 'dropped, it was full',
			e.dropped.rate > 0 ? perSecond(e.dropped.rate) : '', count(e.dropped.total)]];
	const lanes = Object.entries(e.lanes).map(([lane, r]) => ['', lane, count(r.depth), count(r.queued),
		count(r.high_water)]);

	return [heading('Edge', e.key, e.full === 'wait' ? 'waits when full' : 'drops when full', close),
		table('', ['', 'now', 'since start'], rows),
		e.inline ? el('p', null, 'Both ends are on one worker: the next stage is called at once, without a ring.')
			: table('', ['ring', 'room', 'queued', 'most ever'], [['', 'all', count(e.depth), count(e.queued),
				count(e.high)], ...lanes])];
}
