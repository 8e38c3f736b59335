/* panels.js - the lists beside the graph: findings, workers, drops, peers, reloads. */
'use strict';

const FIRST = 6;  /* findings that are shown */
const MOST = 200; /* rows of a list that other nodes can make long */

const $ = selector => document.querySelector(selector);

function showFindings(found, choose) {
	const shown = found.slice(0, FIRST), rest = found.length - shown.length;

	if (rest > 0)
		shown.push({ key: 'rest', rank: 'rest', choose: null, text: 'and ' + rest + ' more like these' });
	list($('#findings ul'), shown, f => f.key, f => {
		const button = el('button', { type: 'button' });

		button.addEventListener('click', () => button.target && choose(...button.target));
		return el('li', null, button);
	}, (row, f) => {
		put(row, 'class', f.rank);
		row.firstChild.target = f.choose;
		row.firstChild.disabled = !f.choose;
		say(row.firstChild, f.text);
	});
	$('#findings').classList.toggle('calm', !found.length);
}

/* ---- workers ---- */

function showWorkers(reading) {
	const colour = coloursOf(reading.workers);

	list($('#workers ul'), reading.workers, w => w.name, () => el('li', null,
		el('b', null), el('span', { class: 'stages' }),
		svg('svg', { class: 'times', viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
			svg('rect', { class: 'busy', height: 8 }), svg('rect', { class: 'held', height: 8 }),
			svg('rect', { class: 'idle', height: 8 })),
		el('span', { class: 'numbers' })), (row, w) => {
		const [name, stages, bar, numbers] = row.children, parts = [w.busy, w.kept, w.idle];
		let x = 0;

		put(row, 'class', 'w' + colour.get(w.name));
		say(name, w.name);
		say(stages, reading.stages.filter(s => s.workers.includes(w.name)).map(s => s.name).join(' '));
		[...bar.children].forEach((part, i) => {
			put(part, 'x', x * 100);
			put(part, 'width', parts[i] * 100);
			x += parts[i];
		});
		say(numbers, 'busy ' + share(w.busy) + ', held ' + share(w.kept) + ', idle ' + share(w.idle) +
			(w.pool.packets ? '; ' + count(w.pool.free) + ' of ' + count(w.pool.packets) +
				' packet buffers free' : '') +
			(w.lost ? '; ' + count(w.lost) + ' events lost' : ''));
	});
}

/* ---- drops ---- */

function showDrops(all, choose) {
	const some = all.filter(p => p.total > 0).sort((a, b) => b.rate - a.rate || b.lately - a.lately ||
		b.total - a.total);

	list($('#drops tbody'), some, p => p.key, () => {
		const button = el('button', { type: 'button' });

		button.addEventListener('click', () => choose(...button.target));
		return el('tr', null, el('td', null, button), el('td'), el('td', { class: 'n' }),
			el('td', { class: 'n' }));
	}, (row, p) => {
		const [where, why, now, total] = row.children;

		put(row, 'class', p.rate > 0 || p.lately > 0 ? 'bad' : 'past');
		where.firstChild.target = p.choose;
		say(where.firstChild, p.where);
		say(why, p.why);
		say(now, p.rate > 0 ? perSecond(p.rate) : p.lately > 0 ? count(p.lately) + '/min' : '');
		say(total, count(p.total));
	});
	$('#drops').classList.toggle('none', !some.length);
}

/* ---- peers and sessions ---- */

function linkOf(p) {
	const parts = [p.via, 'for ' + seconds(p.up_s)];

	if (p.metrics && p.metrics.srtt_us)
		parts.push('round trip ' + nanoseconds(p.metrics.srtt_us * 1000));
	if (p.metrics && p.metrics.loss > 0)
		parts.push('loss ' + share(p.metrics.loss));
	return parts.join(', ');
}

function showPeers(doc) {
	const order = p => p.state === 'up' ? 2 : p.configured ? 0 : 1;
	const peers = [...doc.peers].sort((a, b) => order(a) - order(b)).slice(0, MOST);
	const up = doc.peers.filter(p => p.state === 'up').length;

	say($('#peers h2'), 'Peers: ' + up + ' of ' + doc.peers.length + ' up');
	list($('#peers ul'), peers, p => p.npub, () => el('li', null, el('b', null), el('i', null),
		el('span', null), el('code', null)), (row, p) => {
		const [name, state, text, npub] = row.children;

		put(row, 'class', p.state === 'up' ? 'up' : p.configured ? 'bad' : 'past');
		say(name, nameOf(p));
		say(state, p.state);
		say(text, p.state === 'up' ? linkOf(p) : stateOf(p).slice(p.state.length + 2));
		say(npub, p.npub.slice(0, 20) + '…');
		put(npub, 'title', p.npub + ' ' + p.ipv6);
	});
	const states = new Map();
	doc.sessions.forEach(s => states.set(s.state, (states.get(s.state) || 0) + 1));
	say($('#sessions'), doc.sessions.length ? [...states].map(([state, n]) => count(n) + ' ' + state).join(', ')
		: 'none');
}

/* ---- head and reloads ---- */

function showHead(reading, peers) {
	const self = peers && peers.node;

	say($('#who'), (self ? self.npub.slice(0, 14) + '…, ' : '') + 'graph ' + reading.graph.name);
	put($('#who'), 'title', (self ? self.npub + ' ' + self.ipv6 + ', ' : '') + reading.graph.summary +
		', AEAD ' + reading.aead + ', version ' + reading.version);
	say($('#self'), (self ? self.npub + ', ' + self.ipv6 + '; ' : '') + 'graph ' + reading.graph.name + ': ' +
		reading.graph.summary + '; AEAD ' + reading.aead + '; millrace ' + reading.version);
	say($('#state'), 'up ' + seconds(reading.uptime));
	document.title = 'millrace ' + (self ? self.npub.slice(0, 12) : reading.graph.name);
}

function showReload(r) {
	const counts = ['done', 'unchanged', 'refused'].map(word => r[word] + ' ' + word).join(', ');

	say($('#reload p'), counts + (r.last ? '; the last at ' + clock(r.at_s * 1000) + ' ' + r.last + ': ' +
		(r.message || '').trim() + (r.rest_ns ? ' (' + nanoseconds(r.rest_ns) + ' of rest)' : '') : ''));
	put($('#reload p'), 'class', r.last === 'refused' ? 'bad' : '');
}
