/**
 * Who goes next among waiting calls: the more urgent first, but nobody is
 * passed over for ever; within a priority the tenants take turns; within a
 * tenant the oldest first.
 *
 * Pure bookkeeping: no clock, no effects.
 *
 * @since 0.1.0
 */
import { priorities, type Priority } from "../../../CallOptions.ts"

/**
 * Something that waits.
 *
 * @category models
 * @since 0.1.0
 */
export interface QueueItem {
  readonly priority: Priority
  readonly tenant: string
}

/** How often a waiting priority is passed over before it has its turn. */
const maxPassedOver = 8

/** The waiting of one priority, by tenant; the tenant whose turn it is comes first. */
type TenantQueues<W> = Map<string, Set<W>>

const firstOf = <A>(items: Iterable<A>): A | undefined => {
  for (const item of items) return item
  return undefined
}

/**
 * A queue with priorities and fair tenants. Every operation takes constant
 * time.
 *
 * @category models
 * @since 0.1.0
 */
export class AdmissionQueue<W extends QueueItem> {
  readonly #tenantQueues: { readonly [P in Priority]: TenantQueues<W> } = {
    interactive: new Map(),
    batch: new Map(),
    swarm: new Map()
  }
  readonly #passedOver = { interactive: 0, batch: 0, swarm: 0 }
  readonly #sizes = { interactive: 0, batch: 0, swarm: 0 }
  readonly #items = new Set<W>()

  get size(): number {
    return this.#items.size
  }

  /** How many of a priority wait. */
  sizeOf(priority: Priority): number {
    return this.#sizes[priority]
  }

  /** How many of each priority wait. */
  get sizes(): { readonly [P in Priority]: number } {
    return { ...this.#sizes }
  }

  add(waiter: W): void {
    const turns = this.#tenantQueues[waiter.priority]
    const known = turns.get(waiter.tenant)
    if (known === undefined) turns.set(waiter.tenant, new Set([waiter]))
    else known.add(waiter)
    this.#sizes[waiter.priority] += 1
    this.#items.add(waiter)
  }

  /** Takes one out that waits no longer, wherever it stands; tells whether it was there. */
  remove(waiter: W): boolean {
    if (!this.#items.delete(waiter)) return false
    this.#sizes[waiter.priority] -= 1
    if (this.#sizes[waiter.priority] === 0) this.#passedOver[waiter.priority] = 0
    const turns = this.#tenantQueues[waiter.priority]
    const own = turns.get(waiter.tenant)
    own?.delete(waiter)
    if (own?.size === 0) turns.delete(waiter.tenant)
    return true
  }

  /** Who goes next; it stays where it is. */
  peek(): W | undefined {
    const priority = this.#nextPriority()
    if (priority === undefined) return undefined
    const own = firstOf(this.#tenantQueues[priority].values())
    return own === undefined ? undefined : firstOf(own)
  }

  /** Takes out who goes next, and gives the turn to the next tenant. */
  take(): W | undefined {
    const waiter = this.peek()
    if (waiter === undefined) return undefined
    const { priority, tenant } = waiter
    for (const other of priorities) {
      if (other !== priority && this.#sizes[other] > 0) this.#passedOver[other] += 1
    }
    this.#passedOver[priority] = 0
    this.remove(waiter)
    const turns = this.#tenantQueues[priority]
    const rest = turns.get(tenant)
    if (rest !== undefined) {
      turns.delete(tenant)
      turns.set(tenant, rest)
    }
    return waiter
  }

  #nextPriority(): Priority | undefined {
    const waiting = priorities.filter((priority) => this.#sizes[priority] > 0)
    return waiting.find((priority) => this.#passedOver[priority] >= maxPassedOver) ?? waiting[0]
  }
}
