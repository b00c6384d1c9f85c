/** Sleeping fibers in virtual time: a heap by time, and by order of addition within one millisecond. */

/** One sleep. */
export interface Sleep {
  /** Unix milliseconds. */
  readonly until: number
  readonly order: number
  /** Absent after cancellation. */
  wake: (() => void) | undefined
}

const isBefore = (a: Sleep, b: Sleep): boolean => a.until < b.until || (a.until === b.until && a.order < b.order)

export class SleepQueue {
  /** A cancelled sleep stays in the heap until its time: most sleeps are timeouts that are not reached. */
  readonly #heap: Array<Sleep> = []
  #count = 0
  #now: number

  constructor(start: number) {
    this.#now = start
  }

  /** Unix milliseconds. */
  get now(): number {
    return this.#now
  }

  /** Adds a sleep of `millis`, rounded up to whole milliseconds as timers are. */
  add(millis: number, wake: () => void): Sleep {
    const sleep: Sleep = { until: this.#now + Math.ceil(millis), order: this.#count, wake }
    this.#count += 1
    const heap = this.#heap
    let index = heap.length
    heap.push(sleep)
    while (index > 0) {
      const above = (index - 1) >> 1
      const other = heap[above]
      if (other === undefined || !isBefore(sleep, other)) break
      heap[index] = other
      index = above
    }
    heap[index] = sleep
    return sleep
  }

  cancel(sleep: Sleep): void {
    sleep.wake = undefined
  }

  /** Advances time to the next sleep and ends it. Returns `false` when there is none. */
  wakeNext(): boolean {
    for (;;) {
      const next = this.#take()
      if (next === undefined) return false
      if (next.wake === undefined) continue
      this.#now = next.until
      next.wake()
      return true
    }
  }

  #take(): Sleep | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const [a, b] = [heap[left], heap[left + 1]]
      if (a === undefined) break
      const [child, at] = b !== undefined && isBefore(b, a) ? [b, left + 1] : [a, left]
      if (!isBefore(child, last)) break
      heap[index] = child
      index = at
    }
    heap[index] = last
    return first
  }
}
