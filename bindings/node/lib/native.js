// SPDX-License-Identifier: Apache-2.0
//
// The addon. It finds the library, and what that needs, in its own folder first.
'use strict';

module.exports = require(process.env.MILEPOST_ADDON || '../prebuilt/milepost.node');
