/* reading.js - answers of /stats?hist=1 make a reading: totals, rates since the answer before, and
 * recent histograms, which reach some seconds back since one second may have few values.
 *
 * Replicas of a stage are added up.  A count that fell (workers and rings begin at 0 when they are
 * replaced) gives a rate of 0.
 */
'use strict';

/* ---- histograms: { count, max, list: [[largest value of a bucket, values in it], ...] } ---- */

const NO_VALUES = { count: 0, max: 0, list: [] };

function addBuckets(into, h) {
	for (let i = 0; h && i < h.buckets.length; i += 2)
		into.set(h.buckets[i], (into.get(h.buckets[i]) || 0) + h.buckets[i + 1]);
}

function histogram(buckets, max) {
	const kept = [...buckets].filter(([, n]) => n > 0).sort((a, b) => a[0] - b[0]);

	if (!kept.length)
		return NO_VALUES;
	return { count: kept.reduce((sum, [, n]) => sum + n, 0),
		max: Math.min(max, kept[kept.length - 1][0]), list: kept };
}

/* As the node counts it: the bound of the bucket that holds the value, never above the largest. */
function quantile(h, p) {
	const rank = Math.max(1, Math.ceil(p * h.count));
	let below = 0;

	for (const [bound, n] of h.list) {
		below += n;
		if (below >= rank)
			return Math.min(bound, h.max);
	}
	return h.max;
}

/* Of all replicas: since the start, and since `before`. */
function histogramsOf(name, now, before) {
	const all = new Map(), recent = new Map(), old = new Map();
	const max = now.reduce((m, s) => Math.max(m, s[name] ? s[name].max : 0), 0);

	now.forEach(s => addBuckets(all, s[name]));
	before.forEach(s => addBuckets(old, s[name]));
	for (const [bound, n] of all)
		recent.set(bound, n - (old.get(bound) || 0));
	return { all: histogram(all, max), recent: before.length ? histogram(recent, max) : NO_VALUES };
}

/* ---- stages ---- */

const total = (list, of) => list.reduce((sum, item) => sum + of(item), 0);

function byName(stages) {
	const names = new Map();

	for (const s of stages || [])
		names.set(s.name, (names.get(s.name) || []).concat(s));
	return names;
}

/* A count and its rate, by the function that finds it in a replica. */
function counted(now, before, span, of) {
	const sum = total(now, of);

	return { total: sum, rate: span > 0 ? Math.max(0, sum - total(before, of)) / span : 0 };
}

function named(now, before, span, member) {
	return Object.keys(now[0][member]).map(name => ({ name,
		...counted(now, before, span, s => s[member][name] || 0) }));
}

/* What is handed to an output without an edge ends there. */
function nowhere(now, before, span, edges) {
	const joined = new Set(edges.map(e => e.from));

	return Object.keys(now[0].edges).filter(port => !joined.has(now[0].name + '.' + port))
		.map(port => ({ name: port + ' leads nowhere',
			...counted(now, before, span, s => s.edges[port] ? s.edges[port].dropped : 0) }));
}

function stageOf(now, before, earlier, span, edges) {
	const of = f => counted(now, before, span, f), stage = { name: now[0].name, kind: now[0].kind };

	stage.workers = [...new Set(now.map(s => s.worker))];
	stage.replicas = now.length;
	for (const word of ['in', 'out', 'made', 'taken', 'dropped'])
		stage[word] = of(s => s.packets[word]);
	stage.bytes = of(s => s.bytes.in);
	stage.held = total(now, s => s.packets.held);
	stage.balance = total(now, s => Math.abs(s.packets.balance));
	stage.busy = of(s => s.busy_ns).rate / 1e9;
	stage.calls = of(s => s.calls);
	stage.drops = [...named(now, before, span, 'drops'), ...nowhere(now, before, span, edges)];
	stage.counters = named(now, before, span, 'counters');
	for (const name of ['wait_ns', 'service_ns', 'vector', 'transit_ns'])
		stage[name] = histogramsOf(name, now, earlier);
	/* Little's law: how long what is kept stays, on average */
	stage.kept_ns = stage.held && stage.out.rate + stage.taken.rate > 0 ?
		stage.held / (stage.out.rate + stage.taken.rate) * 1e9 : 0;
	return stage;
}

/* ---- edges and workers ---- */

function cut(end) {
	const dot = end.lastIndexOf('.');

	return { stage: end.slice(0, dot), port: end.slice(dot + 1) };
}

function edgeOf(now, before, span) {
	const of = name => counted([now], before ? [before] : [], before ? span : 0, e => e[name]);

	return { key: now.from + ' → ' + now.to, from: cut(now.from), to: cut(now.to), full: now.full,
		inline: now.inline, depth: now.depth, queued: now.queued, high: now.high_water,
		lanes: now.lanes, packets: of('packets'), bytes: of('bytes'), dropped: of('dropped') };
}

function workerOf(now, before) {
	const time = ['busy_ns', 'held_ns', 'idle_ns'].map(name =>
		Math.max(0, now[name] - (before ? before[name] : 0)));
	const all = time[0] + time[1] + time[2] || 1;

	return { name: now.name, host: now.host, busy: time[0] / all, kept: time[1] / all,
		idle: time[2] / all, pool: now.pool, lost: now.events_lost, stuck: now.stuck_ns,
		wakes: Math.max(0, now.wakes - (before ? before.wakes : 0)) };
}

/* ---- the whole ---- */

/* `past`: the answers of this run before, the oldest first; without any, rates are 0. */
function readingOf(now, past) {
	const before = past[past.length - 1], span = before ? now.uptime_s - before.uptime_s : 0;
	const old = byName(before ? before.stages : []), earlier = byName(past.length ? past[0].stages : []);
	const oldEdges = new Map((before ? before.edges : []).map(e => [e.from, e]));
	const oldWorkers = new Map((before ? before.workers : []).map(w => [w.name, w]));

	return { span, version: now.version, graph: now.graph, aead: now.aead, uptime: now.uptime_s,
		pid: now.pid, reload: now.reload, conservation: now.conservation,
		stages: [...byName(now.stages)].map(([name, list]) =>
			stageOf(list, old.get(name) || [], earlier.get(name) || [], old.has(name) ? span : 0,
				now.edges)),
		edges: now.edges.map(e => edgeOf(e, oldEdges.get(e.from), span)),
		workers: now.workers.map(w => workerOf(w, oldWorkers.get(w.name))) };
}
