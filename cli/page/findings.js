/* findings.js - what an operator should look at first, in words, the worst first.
 *
 * A finding: { key, rank: 'bad' | 'warn', weight, text, choose: [what, name] or null }; what it is about is a
 * stage, an edge or a section of the page.
 */
'use strict';

const SLOW = 5e6;       /* ns that a packet waits, or a call takes, before it is mentioned */
const STUCK = 1e9;      /* ns that a worker owes a turn                                */
const SLOW_HOST = 2e8;  /* the same for control                                           */
const FULL = 0.75;      /* share of a ring                                                */
const FEW = 5;          /* drops in a minute, below which they are no more than mentioned */
const MEMORY = 60000;   /* ms that a drop is remembered for                               */

/* Drops of the last minute, by place: so that what happens now and then does not flicker. */
function memory() {
	let seen = [];

	return {
		forget() { seen = []; },
		/* places: [{ key, total }]; adds the count of the last minute to each */
		recall(places, now) {
			const totals = new Map(places.map(p => [p.key, p.total]));

			seen = seen.filter(s => now - s.at < MEMORY).concat({ at: now, totals });
			for (const p of places)
				p.lately = Math.max(0, p.total - (seen[0].totals.get(p.key) || 0));
			return places;
		},
	};
}

/* Counters of control's that count what it refuses: the packet was taken in good order, what it said was
 * not. */
const REFUSALS = {
	'node-malformed': 'handshake packets that are none',
	'node-limited': 'handshakes over a rate limit',
	'node-no-handshake': 'handshakes that answer nothing of ours',
	'node-forged': 'handshakes that do not open: made for, or with, another key',
	'node-replayed': 'handshakes seen before, or outdated',
	'node-refused': 'strangers not wanted, or no room',
	'node-denied': 'nodes that the access lists refuse',
	'node-lost': 'links removed for silence',
};

function refusalsOf(s) {
	return s.kind === 'control' ? s.counters.filter(c => REFUSALS[c.name]) : [];
}

/* Every place where packets end: a named drop of a stage, a refusal, a full edge. */
function places(reading) {
	const all = [];

	for (const s of reading.stages) {
		const add = (d, why) => all.push({ key: s.name + '/' + d.name, where: s.name, why, total: d.total,
			rate: d.rate, choose: ['stage', s.name], refused: why !== d.name });

		s.drops.forEach(d => add(d, d.name));
		refusalsOf(s).forEach(d => add(d, d.name.slice(5) + ': ' + REFUSALS[d.name]));
	}
	for (const e of reading.edges)
		all.push({ key: e.key, where: e.key, why: e.inline ? 'kept from it' : 'full', edge: e,
			total: e.dropped.total, rate: e.dropped.rate, choose: ['edge', e.key] });
	return all;
}

/* Of a name that every stage has. */
const WHYS = { sojourn: 'they waited too long in the ring before it (sojourn)' };

function howOften(p) {
	return p.rate > 0 ? perSecond(p.rate) : count(p.lately) + ' in the last minute';
}

function ofDrops(all) {
	return all.filter(p => p.rate > 0 || p.lately > 0).map(p => ({
		key: p.key, rank: p.lately >= FEW || p.refused ? 'bad' : 'warn', choose: p.choose,
		weight: (p.lately >= FEW || p.refused ? 1e6 : 1e4) + p.lately,
		text: p.edge ? 'Packets are dropped at the edge ' + p.where + ', which is full: ' + howOften(p) +
			(p.edge.depth ? '; most in its ring ' + count(p.edge.high) + ' of ' +
				count(p.edge.depth) : '')
			: p.where + (p.refused ? ' refuses: ' : ' drops packets: ') + (WHYS[p.why] || p.why) + ', ' +
				howOften(p),
	}));
}

/* How a stage is slow, [what, weight, text] each.  Control has all the time it needs. */
function slownessOf(s, host) {
	const wait = quantile(s.wait_ns.recent, 0.99), call = quantile(s.service_ns.recent, 0.99);
	const least = host ? SLOW_HOST : SLOW, found = [];

	if (s.kept_ns >= least)
		found.push(['/kept', 5e5 + s.kept_ns / 1e6, s.name + ' keeps packets back: ' + count(s.held) +
			' now, about ' + nanoseconds(s.kept_ns) + ' each']);
	if (call >= least)
		found.push(['/call', 4e5 + call / 1e6, s.name + ' is slow: a call takes up to ' +
			nanoseconds(call) + ' (99 %)']);
	if (wait >= least)
		found.push(['/wait', 3e5 + wait / 1e6, 'Packets wait before ' + s.name + ': up to ' +
			nanoseconds(wait) + ' (99 %)']);
	return found;
}

function ofStages(reading) {
	const hosts = new Set(reading.workers.filter(w => w.host).map(w => w.name)), found = [];

	for (const s of reading.stages) {
		const transit = quantile(s.transit_ns.recent, 0.99), host = hosts.has(s.workers[0]);
		const add = (what, rank, weight, text) => found.push({ key: s.name + what, rank, weight, text,
			choose: ['stage', s.name] });

		if (s.balance)
			add('/balance', 'bad', 1e12, s.name + ' cannot account for ' + count(s.balance) +
				' packets: this is a fault of the program');
		for (const [what, weight, text] of slownessOf(s, host))
			add(what, 'warn', weight, text);
		if (transit >= SLOW && !host)
			add('/transit', 'warn', 2e5 + transit / 1e6, 'Packets that end at ' + s.name +
				' took up to ' + nanoseconds(transit) + ' through the node (99 %)');
	}
	return found;
}

function ofEdges(reading) {
	return reading.edges.filter(e => e.depth && e.queued / e.depth >= FULL && !(e.dropped.rate > 0)).map(e => ({
		key: e.key + '/queued', rank: 'warn', weight: 3.5e5, choose: ['edge', e.key],
		text: 'The ring ' + e.key + ' is nearly full: ' + count(e.queued) + ' of ' + count(e.depth),
	}));
}

function ofWorkers(reading) {
	const found = [];

	for (const w of reading.workers) {
		const most = reading.stages.filter(s => s.workers.includes(w.name))
			.sort((a, b) => b.busy / b.replicas - a.busy / a.replicas)[0];
		const add = (what, text) => found.push({ key: w.name + what, rank: 'warn', weight: 1e5, text,
			choose: most ? ['stage', most.name] : null });

		if (w.stuck >= STUCK)
			found.push({ key: w.name + '/stuck', rank: 'bad', weight: 1e11, choose: most ? ['stage',
				most.name] : null, text: 'Worker ' + w.name + ' does not turn: stuck in a stage for ' +
				nanoseconds(w.stuck) });
		if (reading.span && w.busy >= 0.95)
			add('/busy', 'Worker ' + w.name + ' has no time to spare: ' + share(w.busy) + ' busy' +
				(most ? ', most of it in ' + most.name : ''));
		if (reading.span && w.kept >= 0.2)
			add('/held', 'Worker ' + w.name + ' is kept from its work ' + share(w.kept) +
				' of the time: a ring behind it is full, or a stage takes no more');
		if (w.pool.packets && w.pool.free < w.pool.packets / 50)
			add('/pool', 'Worker ' + w.name + ' has hardly any packet buffers left: ' +
				w.pool.free + ' of ' + count(w.pool.packets));
	}
	return found;
}

function nameOf(peer) {
	return peer.alias || peer.name || peer.npub.slice(0, 14) + '…';
}

function stateOf(peer) {
	return peer.state + (peer.retries ? ', ' + peer.retries + (peer.retries > 1 ? ' tries' : ' try')
		: '') + (peer.retry_in_s > 0 ? ', again in ' + seconds(Math.ceil(peer.retry_in_s)) : '');
}

/* down: since when the page has seen a peer of the node file without a link, ms by npub. */
function ofPeers(peers, down, now) {
	return peers.filter(p => down.has(p.npub)).map(p => {
		const dialled = p.retries > 0 || p.state === 'dialling', ms = now - down.get(p.npub);
		const bad = dialled && (p.retries > 0 || ms > 5000);

		return { key: 'peer/' + p.npub, rank: bad ? 'bad' : 'warn', weight: bad ? 2e6 : 6e5,
			choose: ['section', 'peers'],
			text: 'Peer ' + nameOf(p) + ' is not up: ' + stateOf(p) + (ms > 5000 ? ', for ' +
				seconds(ms / 1000) + ' at least' : '') + (bad ? '. It is away, or cannot be reached, ' +
				'or has another key than the node file says' : '') };
	});
}

/* Keep the map of them. */
function noteDown(down, peers, now) {
	const without = peers.filter(p => p.configured && p.state !== 'up' && p.state !== 'behind')
		.map(p => p.npub);

	for (const npub of [...down.keys()])
		if (!without.includes(npub))
			down.delete(npub);
	for (const npub of without)
		if (!down.has(npub))
			down.set(npub, now);
}

function ofReload(reading) {
	const r = reading.reload;

	return r.last === 'refused' ? [{ key: 'reload', rank: 'bad', weight: 1.5e6, choose: ['section', 'reload'],
		text: 'The last reload was refused, nothing has changed: ' + (r.message || '').trim() }] : [];
}

function findings(reading, peers, dropPlaces, down, now) {
	return [...ofDrops(dropPlaces), ...ofStages(reading), ...ofEdges(reading), ...ofWorkers(reading),
		...ofPeers(peers, down, now), ...ofReload(reading)].sort((a, b) => b.weight - a.weight);
}
