/* words.js - elements with texts, and numbers as people read them.
 *
 * Every text becomes a text node: names of stages, peers and drops come from files and from other nodes.
 */
'use strict';

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
	for (const [name, value] of Object.entries(attributes || {}))
		element.setAttribute(name, value);
	for (const child of children)
		element.append(child);
	return element;
}

/* An element; strings among the children are texts. */
function el(tag, attributes, ...children) {
	return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
	return fill(document.createElementNS(SVG, tag), attributes, children);
}

/* Change only what differs, so that a selection by mouse and a reading aid are left in peace. */
function say(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}

function put(element, name, value) {
	const text = String(value);

	if (element.getAttribute(name) !== text)
		element.setAttribute(name, text);
}

const rowsOf = new WeakMap(); /* of a list's element: key to child */

/* Children of `parent`, one an item, in the items' order; those of a key that was there stay the same. */
function list(parent, items, keyOf, make, update) {
	const old = rowsOf.get(parent) || new Map(), rows = new Map();
	let at = parent.firstChild;

	for (const item of items) {
		const key = keyOf(item), row = old.get(key) || make(item);

		rows.set(key, row);
		old.delete(key);
		if (row === at)
			at = at.nextSibling;
		else
			parent.insertBefore(row, at);
		update(row, item);
	}
	for (const row of old.values())
		row.remove();
	rowsOf.set(parent, rows);
}

/* ---- numbers ---- */

/* Three digits that count. */
function digits(n) {
	return n >= 99.95 ? n.toFixed(0) : n >= 9.995 ? n.toFixed(1) : n.toFixed(2);
}

function scaled(n, units) {
	let i = 0;

	while (n >= 999.5 && i < units.length - 1) {
		n /= 1000;
		i++;
	}
	return (i || n !== Math.round(n) ? digits(n) : String(n)) + units[i];
}

function count(n) {
	return n < 10000 ? String(Math.round(n)) : scaled(n, ['', ' k', ' M', ' G', ' T']);
}

function perSecond(n) {
	if (n > 0 && n < 9.95)
		return n < 0.05 ? '<0.1/s' : n.toFixed(1).replace('.0', '') + '/s';
	return scaled(Math.round(n), ['', ' k', ' M', ' G']) + '/s';
}

function bits(n) {
	return scaled(Math.round(n), [' bit/s', ' kbit/s', ' Mbit/s', ' Gbit/s']);
}

function nanoseconds(n) {
	return scaled(n, [' ns', ' µs', ' ms', ' s']);
}

function share(part) {
	return part > 0 && part < 0.005 ? '<1 %' : Math.round(part * 100) + ' %';
}

function seconds(s) {
	const units = [[86400, 'd'], [3600, 'h'], [60, 'min']];

	for (const [size, name] of units)
		if (s >= size)
			return Math.floor(s / size) + ' ' + name;
	return Math.floor(s) + ' s';
}

function clock(ms) {
	return new Date(ms).toTimeString().slice(0, 8);
}
