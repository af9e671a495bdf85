import type { Nano } from "../lib/money.ts";

/** What one subject (an account, a key, a sender of messages) has used in one period, and what open holds may still add. */
export interface Counter {
  readonly subject: string;
  /** `2026-11` or `2026-11-21`. */
  readonly period: string;
  value: Nano;
  pending: Nano;
}

/** Periods that stay in memory: this month and day, their neighbours for clocks that jump, and a little more. */
const KEPT_PERIODS = 8;

/** Counters by period and subject, read from storage at first use. */
export class Counters {
  readonly #periods = new Map<string, Map<string, Counter>>();
  readonly #read: (subject: string, period: string) => Nano;

  constructor(read: (subject: string, period: string) => Nano) {
    this.#read = read;
  }

  of(subject: string, period: string): Counter {
    let subjects = this.#periods.get(period);
    if (subjects === undefined) {
      this.#forgetOld();
      subjects = new Map();
      this.#periods.set(period, subjects);
    }
    let counter = subjects.get(subject);
    if (counter === undefined) {
      counter = { subject, period, value: this.#read(subject, period), pending: 0n };
      subjects.set(subject, counter);
    }
    return counter;
  }

  /** Storage has all values; only what open holds have pending must stay. */
  #forgetOld(): void {
    for (const [period, subjects] of this.#periods) {
      if (this.#periods.size < KEPT_PERIODS) return;
      const idle = subjects.values().every((counter) => counter.pending === 0n);
      if (idle) this.#periods.delete(period);
    }
  }
}

/** Subject of an account's monthly spend. */
export const accountSubject = (accountId: string): string => `account:${accountId}`;
/** Subject of a key's monthly spend. */
export const keySubject = (keyId: string): string => `key:${keyId}`;
/** Subject of daily messages: an account, or an anonymous address. */
export const messageSubject = (subject: string): string => `messages:${subject}`;
