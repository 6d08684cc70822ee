// SPDX-License-Identifier: ISC
// nodemailer_client.js SETTINGS: send one message by nodemailer, as test_clients.py wants it.
'use strict';

const fs = require('fs');
const nodemailer = require('nodemailer');

const settings = JSON.parse(fs.readFileSync(process.argv[2]));
const transport = nodemailer.createTransport(settings.transport);

transport.sendMail(settings.message).then(
	(info) => console.log(info.response),
	(error) => {
		console.error(error);
		process.exitCode = 1;
	});
