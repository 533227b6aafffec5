// SPDX-License-Identifier: Apache-2.0
//
// What is made once and asked again and again: snapshots and subscriptions. One that is forgotten
// is freed with its object.
'use strict';

const native = require('./native');
const v = require('./values');
const {BusyError, CancelledError} = require('./errors');

const snapshots = new FinalizationRegistry((handle) => native.snapshotFree(handle));
const subscriptions = new FinalizationRegistry((handle) => native.subscriptionFree(handle));
const DISPOSE = Symbol.dispose ?? Symbol.for('nodejs.dispose');

class Snapshot {
  #handle;

  constructor(handle) {
    this.#handle = handle;
    snapshots.register(this, handle);
  }

  get(runId, {organizationId} = {}) {
    return v.toRun(native.get(true, this.#handle, runId, organizationId));
  }

  getJson(runId, organizationId) {
    return native.getJson(true, this.#handle, runId, organizationId);
  }

  getMany(runIds, {organizationId} = {}) {
    return native.getMany(true, this.#handle, [...runIds], organizationId)[0].map(v.toRun);
  }

  list(options = {}) {
    return v.toPage(native.list(true, this.#handle, v.fromFilter(options), v.fromPage(options)));
  }

  listJson(options = {}) {
    return v.toJsonPage(
      native.listJson(true, this.#handle, v.fromFilter(options), v.fromPage(options)));
  }

  counts({organizationId, journeyId} = {}) {
    return v.toCounts(native.counts(true, this.#handle, organizationId, journeyId, 0, -1));
  }

  changes(after = 0, {limit = 1000, storeId} = {}) {
    return v.toChangePage(native.changes(true, this.#handle, after, limit, storeId, 0, -1));
  }

  get sequence() {
    return native.snapshotSequence(this.#handle);
  }

  close() {
    native.snapshotFree(this.#handle);
  }

  [DISPOSE]() {
    this.close();
  }
}

class Subscription {
  #handle;

  constructor(handle) {
    this.#handle = handle;
    subscriptions.register(this, handle);
  }

  async next({limit = 1000, timeoutMs} = {}) {
    return v.toChangePage(
      await native.subscriptionNext(this.#handle, limit, v.fromTimeout(timeoutMs)));
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      let page;
      try {
        page = await this.next({timeoutMs: 3_600_000});
      } catch (error) {
        if (error instanceof BusyError) continue;
        if (error instanceof CancelledError) return;
        throw error;
      }
      yield* page.changes;
    }
  }

  get position() {
    return native.subscriptionPosition(this.#handle);
  }

  stop() {
    native.subscriptionStop(this.#handle);
  }

  close() {
    native.subscriptionFree(this.#handle);
  }

  [DISPOSE]() {
    this.close();
  }
}

module.exports = {Snapshot, Subscription, DISPOSE};
