/* main.js - ask the node each second, and show the difference between two answers. */
'use strict';

const EVERY = 1000, PATIENCE = 4000; /* ms */
const PAST = 5; /* answers that are kept */
const page = { past: [], reading: null, peers: { peers: [], sessions: [] }, shape: '', update: null,
	chosen: null, settings: {}, answered: 0, failed: 0, why: '', restarted: 0, drops: memory(),
	down: new Map() };

const phone = window.matchMedia('(max-width: 700px)');

async function ask(path) {
	const stop = new AbortController(), timer = setTimeout(() => stop.abort(), PATIENCE);

	try {
		const answer = await fetch(path, { cache: 'no-store', signal: stop.signal });

		if (!answer.ok)
			throw new Error(path + ' answers ' + answer.status);
		return await answer.json();
	} finally {
		clearTimeout(timer);
	}
}

/* ---- banners ---- */

function showBanners() {
	const banners = [], now = Date.now();

	if (page.failed)
		banners.push(['bad', 'The node does not answer' + (page.answered ? ' since ' + clock(page.answered) +
			' (' + seconds((now - page.answered) / 1000) + '); what is shown is as old as that' : '') +
			(page.why ? ': ' + page.why : '') + '.']);
	if (page.restarted && now - page.restarted < 300000)
		banners.push(['warn', 'The node was restarted, seen at ' + clock(page.restarted) +
			': all counts began anew.']);
	if (page.reading && !page.reading.conservation)
		banners.push(['bad', 'Packets are missing from the books. This is a fault of the program.']);
	list($('#banners'), banners, b => b[1].slice(0, 20), () => el('p', null), (row, [kind, text]) => {
		put(row, 'class', 'banner ' + kind);
		say(row, text);
	});
	document.body.classList.toggle('stale', page.failed > 0);
}

/* ---- choosing ---- */

function choose(what, name) {
	if (what === 'section') {
		$('#' + name).scrollIntoView({ behavior: 'smooth' });
		return;
	}
	page.chosen = page.chosen && page.chosen.name === name ? null : { what, name };
	showDetail();
	page.update(page.reading, page.chosen && page.chosen.name);
	if (page.chosen) {
		$('#detail').scrollIntoView({ block: 'nearest' });
		$('#detail').focus({ preventScroll: true });
	}
}

function showDetail() {
	const chosen = page.chosen, reading = page.reading, close = () => choose(chosen.what, chosen.name);
	const s = chosen && chosen.what === 'stage' && reading.stages.find(x => x.name === chosen.name);
	const e = chosen && chosen.what === 'edge' && reading.edges.find(x => x.key === chosen.name);

	const focused = document.activeElement && document.activeElement.className === 'close';

	$('#detail').hidden = !s && !e;
	if (s)
		$('#detail').replaceChildren(...stageDetail(s, page.settings[s.name], close));
	else if (e)
		$('#detail').replaceChildren(...edgeDetail(e, close));
	if (focused && (s || e))
		$('#detail .close').focus({ preventScroll: true });
}

/* ---- the second ---- */

async function readSettings() {
	try {
		page.settings = (await ask('/graph')).stages || {};
	} catch (error) {
		page.settings = {};
	}
}

function show() {
	const shape = shapeOf(page.reading, phone.matches);
	const dropPlaces = page.drops.recall(places(page.reading), Date.now());

	if (shape !== page.shape) {
		page.shape = shape;
		page.update = draw($('#graph .drawing'), page.reading, phone.matches, choose);
		readSettings();
	}
	page.update(page.reading, page.chosen && page.chosen.name);
	noteDown(page.down, page.peers.peers, Date.now());
	showFindings(findings(page.reading, page.peers.peers, dropPlaces, page.down, Date.now()), choose);
	showWorkers(page.reading);
	showDrops(dropPlaces, choose);
	showPeers(page.peers);
	showReload(page.reading.reload);
	showHead(page.reading, page.peers);
	showDetail();
}

function take(stats, peers) {
	const last = page.past[page.past.length - 1];

	if (last && (stats.pid !== last.pid || stats.uptime_s < last.uptime_s)) {
		page.restarted = Date.now();
		page.past = [];
		page.drops.forget();
		page.down.clear();
	}
	page.reading = readingOf(stats, page.past);
	page.peers = peers;
	page.past = [...page.past, stats].slice(-PAST);
	page.answered = Date.now();
	page.failed = 0;
}

async function askAll() {
	try {
		take(await ask('/stats?hist=1'), await ask('/peers'));
		return true;
	} catch (error) {
		page.failed++;
		page.why = error.name === 'AbortError' ? 'no answer in ' + PATIENCE / 1000 + ' s' : error.message;
		return false;
	}
}

async function second() {
	const began = Date.now();

	try {
		if (await askAll())
			show();
		showBanners();
	} finally {
		setTimeout(second, Math.max(100, EVERY - (Date.now() - began)));
	}
}

phone.addEventListener('change', () => page.reading && show());
second();
