// SPDX-License-Identifier: ISC
// smtp_server.js SETTINGS: nodemailer's smtp-server as smtp_server.py wants it, on two ports until it is killed.
'use strict';

const fs = require('fs');
const path = require('path');
const { SMTPServer } = require('smtp-server');

const settings = JSON.parse(fs.readFileSync(process.argv[2]));
let number = 0;

function refusal(code, text) {
	return Object.assign(new Error(text), { responseCode: code });
}

function mailboxOf(address) {
	const [local, domain] = address.split('@');
	return domain === settings.domain && settings.mailboxes.includes(local) ? local : null;
}

function onAuth(auth, session, done) {
	const right = auth.username === settings.user && auth.password === settings.password;

	console.log(`${session.id} login ${right ? 'accepted' : 'refused'} method=${auth.method}`);
	done(right ? null : refusal(535, '5.7.8 Invalid username or password'), { user: auth.username });
}

function onRcptTo(address, session, done) {
	done(mailboxOf(address.address) ? null : refusal(550, '5.1.1 No such mailbox'));
}

// All recipients' files are written before the first of them is in its mailbox.
function deliver(session, content) {
	const envelope = session.envelope;
	const id = `${process.pid}.${++number}`;
	const how = `ESMTP${session.secure ? 'S' : ''}${session.user ? 'A' : ''}`;
	const trace = `Return-Path: <${envelope.mailFrom ? envelope.mailFrom.address : ''}>\n` +
		`Received: from ${session.hostNameAppearsAs} by mx.${settings.domain} with ${how} id ${id}\n`;
	const boxes = envelope.rcptTo.map((rcpt) => path.join(settings.mail, mailboxOf(rcpt.address)));

	for (const box of boxes)
		fs.writeFileSync(path.join(box, 'tmp', id), Buffer.concat([Buffer.from(trace), content]));
	for (const box of boxes)
		fs.renameSync(path.join(box, 'tmp', id), path.join(box, 'new', id));
	console.log(`${session.id} delivered ${id} to ${boxes.length}`);
}

function onData(stream, session, done) {
	const pieces = [];

	stream.on('data', (piece) => pieces.push(piece));
	stream.on('end', () => {
		if (stream.sizeExceeded)
			return done(refusal(552, '5.3.4 Message too large'));
		deliver(session, Buffer.concat(pieces));
		return done(null, 'delivered');
	});
}

function listen(port, secure) {
	const server = new SMTPServer({
		secure, onAuth, onRcptTo, onData,
		name: `mx.${settings.domain}`,
		size: settings.size,
		key: fs.readFileSync(settings.key),
		cert: fs.readFileSync(settings.cert),
		authMethods: ['PLAIN', 'LOGIN'],
		disableReverseLookup: true,
	});

	server.on('error', (error) => console.log(`connection: ${error.message}`));
	server.listen(port, '127.0.0.1');
}

listen(settings.starttls, false);
listen(settings.implicit, true);
