/**
 * The order of waiting calls: by priority, without starvation; within a
 * priority round-robin over tenants; within a tenant first in, first out.
 *
 * Pure bookkeeping: no clock, no effects.
 *
 * @since 0.1.0
 */
import { priorities, type Priority } from "../../../CallOptions.ts"

/**
 * An item of the queue.
 *
 * @category models
 * @since 0.1.0
 */
export interface QueueItem {
  readonly priority: Priority
  readonly tenant: string
}

/** How often a waiting priority is skipped before it is served. */
const maxSkipped = 8

/** The items of one priority, by tenant; the next tenant comes first. */
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
  readonly #skipped = { interactive: 0, batch: 0, swarm: 0 }
  readonly #sizes = { interactive: 0, batch: 0, swarm: 0 }
  readonly #items = new Set<W>()

  get size(): number {
    return this.#items.size
  }

  /** The number of items of a priority. */
  sizeOf(priority: Priority): number {
    return this.#sizes[priority]
  }

  /** The items of a tenant with the same priority, in their order. They are taken before a new one. */
  before(item: QueueItem): Iterable<W> {
    return this.#tenantQueues[item.priority].get(item.tenant) ?? []
  }

  /** The number of items of each priority. */
  get sizes(): { readonly [P in Priority]: number } {
    return { ...this.#sizes }
  }

  add(item: W): void {
    const tenants = this.#tenantQueues[item.priority]
    const existing = tenants.get(item.tenant)
    if (existing === undefined) tenants.set(item.tenant, new Set([item]))
    else existing.add(item)
    this.#sizes[item.priority] += 1
    this.#items.add(item)
  }

  /** Removes an item from any position; returns whether it was in the queue. */
  remove(item: W): boolean {
    if (!this.#items.delete(item)) return false
    this.#sizes[item.priority] -= 1
    if (this.#sizes[item.priority] === 0) this.#skipped[item.priority] = 0
    const tenants = this.#tenantQueues[item.priority]
    const items = tenants.get(item.tenant)
    items?.delete(item)
    if (items?.size === 0) tenants.delete(item.tenant)
    return true
  }

  /** The next item, which stays in the queue. */
  peek(): W | undefined {
    const priority = this.#nextPriority()
    if (priority === undefined) return undefined
    const items = firstOf(this.#tenantQueues[priority].values())
    return items === undefined ? undefined : firstOf(items)
  }

  /** Removes and returns the next item; its tenant goes behind the others. */
  take(): W | undefined {
    const item = this.peek()
    if (item === undefined) return undefined
    const { priority, tenant } = item
    for (const other of priorities) if (this.#sizes[other] > 0) this.#skipped[other] += 1
    this.#skipped[priority] = 0
    this.remove(item)
    const tenants = this.#tenantQueues[priority]
    const rest = tenants.get(tenant)
    if (rest !== undefined) {
      tenants.delete(tenant)
      tenants.set(tenant, rest)
    }
    return item
  }

  #nextPriority(): Priority | undefined {
    const waiting = priorities.filter((priority) => this.#sizes[priority] > 0)
    return waiting.find((priority) => this.#skipped[priority] >= maxSkipped) ?? waiting[0]
  }
}
