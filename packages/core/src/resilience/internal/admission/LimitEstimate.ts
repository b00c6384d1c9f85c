/**
 * A limit that a host has named in a refusal. It is an estimate: the text may be
 * wrong, out of date, or not enforced, so that later calls confirm or refute it.
 *
 * While it is not confirmed, one call may exceed it at a time, as a probe. A
 * probe that succeeds raises the estimate; when twice the named limit has been
 * used, it is refuted. Probes that are refused in a row confirm it, and then no
 * call exceeds it.
 *
 * @since 0.1.0
 */
import { minuteMillis } from "./UsageWindow.ts"

/** How long an estimate applies after it was last named: the limit may have been lowered temporarily, or raised since. */
const lifetimeMillis = 10 * minuteMillis
/** The refusals that confirm it, including the one that named it. */
const confirmingRefusals = 3
/** The factor by which a successful probe raises it. */
const growth = 1.1
/** The factor over the named limit at which usage refutes it; a host that counts whole minutes allows twice as much in a sliding one. */
const refutingFactor = 2
/** The shortest time between two probes whose results are not known. */
const probeIntervalMillis = 1_000

/**
 * One estimate. All times are those of `MonotonicClock`.
 *
 * @category models
 * @since 0.1.0
 */
export class LimitEstimate {
  /** The limit as the host named it. */
  readonly named: number
  #allowed: number
  #refusals: number
  #refusedAt: number
  #probeAt: number
  #until: number
  #isRefuted = false

  /** Whether the host has answered too many calls for this limit. */
  static isRefutedBy(named: number, answered: number): boolean {
    return answered > named * refutingFactor
  }

  /** A host that states its limit with every response, and not only in a refusal, has confirmed it. */
  constructor(named: number, now: number, retryMillis: number, isConfirmed: boolean) {
    this.named = named
    this.#allowed = named
    this.#refusals = isConfirmed ? confirmingRefusals : 1
    this.#refusedAt = now
    this.#probeAt = now + Math.max(probeIntervalMillis, retryMillis)
    this.#until = now + lifetimeMillis
  }

  /** What may be used. */
  get allowed(): number {
    return this.#allowed
  }

  get isConfirmed(): boolean {
    return this.#refusals >= confirmingRefusals
  }

  /** Whether it applies. */
  isActive(now: number): boolean {
    return now < this.#until && !this.#isRefuted
  }

  /** Whether it was refuted within its time, so that the same text does not apply again. */
  isRefuted(now: number): boolean {
    return now < this.#until && this.#isRefuted
  }

  /**
   * The host has named it again, in its refusal of a call that began at
   * `startedAt`, when this amount was used. Calls that were refused together are
   * one refusal.
   */
  refuse(used: number, startedAt: number, now: number, retryMillis: number): void {
    this.#until = now + lifetimeMillis
    if (startedAt <= this.#refusedAt || used <= this.#allowed) return
    this.#refusals += 1
    this.#refusedAt = now
    this.#allowed = this.named
    this.#probeAt = now + Math.max(probeIntervalMillis, retryMillis) * 2 ** Math.min(this.#refusals - 1, 6)
  }

  /** A call that began at `startedAt` has succeeded; this amount is used now, of which the host has answered `answered` at least. */
  succeed(used: number, answered: number, startedAt: number, now: number): void {
    if (LimitEstimate.isRefutedBy(this.named, answered)) this.#isRefuted = true
    if (this.isConfirmed || startedAt <= this.#refusedAt || used <= this.#allowed) return
    this.#refusals = 1
    this.#probeAt = now
    this.#allowed = Math.floor(Math.max(this.#allowed, used) * growth) + 1
    if (this.#allowed > this.named * refutingFactor) this.#isRefuted = true
  }

  /** Milliseconds until a call may exceed it; infinite once it is confirmed. */
  probeWait(now: number): number {
    return this.isConfirmed ? Number.POSITIVE_INFINITY : Math.max(0, this.#probeAt - now)
  }

  /** A call exceeds it now. */
  startProbe(now: number): void {
    this.#probeAt = now + probeIntervalMillis
  }
}
