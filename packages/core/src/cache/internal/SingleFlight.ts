/**
 * Single flight: concurrent subscribers of the same key share one task, which
 * runs once and returns its result to all of them.
 *
 * A flight may publish chunks before its result. Each subscriber reads all of
 * them from the first, at its own pace.
 *
 * **Details**
 *
 * - A flight runs in a separate fiber. If a subscriber is interrupted, the flight
 *   continues for the others; the last one interrupts the flight, and waits until
 *   it has ended.
 * - Chunks are kept until the flight has ended and its last subscriber has left,
 *   so that none misses any, however late it joins and however slowly it reads,
 *   and a slow subscriber does not delay others. They are bounded by the largest
 *   response of a client.
 * - An error reaches all subscribers, and is not cached.
 * - A flight runs with the services of its first subscriber, including its
 *   options and its span.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Pull from "effect/Pull"
import { observeExit } from "../../internal/observeExit.ts"

/**
 * What a running task can do.
 *
 * @category models
 * @since 0.1.0
 */
export interface Publisher<C> {
  /** Publishes a chunk to all subscribers. */
  readonly publish: (chunk: C) => void
  /** Whether new subscribers would still join this flight, so that its result may be cached. */
  readonly isCurrent: () => boolean
}

/**
 * The task of a flight.
 *
 * @category models
 * @since 0.1.0
 */
export interface Task<C, A, E> {
  readonly run: (publisher: Publisher<C>) => Effect.Effect<A, E>
  /** Whether a running flight that is not a refresh may not be joined. */
  readonly isRefresh: boolean
  /** Names by which the flight can be forgotten. */
  readonly tags: ReadonlyArray<string>
  /** The services of the calling fiber. */
  readonly context: Context.Context<never>
}

/**
 * A subscription to a flight, which has to be ended by `unsubscribe`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Subscription<C, A, E> {
  /** Whether the flight was started for this subscriber. */
  readonly isFirst: boolean
  /** The services of the fiber that started the flight. */
  readonly context: Context.Context<never>
  /** Waits for the result. */
  readonly result: Effect.Effect<A, E>
  /** The next chunk; done, with the result, after the last one. */
  readonly next: Pull.Pull<C, E, A>
  /** Ends the subscription, once, and interrupts a flight that has no other. */
  readonly unsubscribe: Effect.Effect<void>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface SingleFlight<C extends object, A, E> {
  /** Subscribes at once to the flight of a key, which is started if there is none. */
  readonly join: (key: string, task: Task<C, A, E>) => Subscription<C, A, E>
  /** Sends later subscribers to a new flight. Current ones stay. */
  readonly forget: (which: (key: string, tags: ReadonlyArray<string>) => boolean) => void
  /** The number of flights that have not ended. */
  readonly size: () => number
}

class Flight<C extends object, A, E> {
  readonly chunks: Array<C> = []
  subscribers = 0
  exit: Exit.Exit<A, E> | undefined
  fiber: Fiber.Fiber<A, E> | undefined
  readonly isRefresh: boolean
  readonly tags: ReadonlyArray<string>
  readonly context: Context.Context<never>
  readonly #chunkWaiters = new Set<() => void>()
  readonly #resultWaiters = new Set<(exit: Exit.Exit<A, E>) => void>()

  constructor({ context, isRefresh, tags }: Task<C, A, E>) {
    this.isRefresh = isRefresh
    this.tags = tags
    this.context = context
  }

  publish(chunk: C): void {
    this.chunks.push(chunk)
    this.#wake()
  }

  complete(exit: Exit.Exit<A, E>): void {
    this.exit = exit
    this.#wake()
    for (const resume of this.#resultWaiters) resume(exit)
    this.#resultWaiters.clear()
  }

  #wake(): void {
    const waiters = [...this.#chunkWaiters]
    this.#chunkWaiters.clear()
    for (const resume of waiters) resume()
  }

  /** Waits for the next chunk or for the end. */
  readonly change: Effect.Effect<void> = Effect.callback((resume) => {
    const wake = () => resume(Effect.void)
    this.#chunkWaiters.add(wake)
    return Effect.sync(() => void this.#chunkWaiters.delete(wake))
  })

  readonly result: Effect.Effect<A, E> = Effect.callback((resume) => {
    if (this.exit !== undefined) return resume(this.exit)
    this.#resultWaiters.add(resume)
    return Effect.sync(() => void this.#resultWaiters.delete(resume))
  })
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = <C extends object, A, E>(): SingleFlight<C, A, E> => {
  const flights = new Map<string, Flight<C, A, E>>()
  let size = 0

  const remove = (key: string, flight: Flight<C, A, E>): void => {
    if (flights.get(key) === flight) flights.delete(key)
  }

  const start = (key: string, task: Task<C, A, E>): Flight<C, A, E> => {
    const flight = new Flight(task)
    flights.set(key, flight)
    size += 1
    const run = task.run({
      publish: (chunk) => flight.publish(chunk),
      isCurrent: () => flights.get(key) === flight
    })
    flight.fiber = Effect.runForkWith(task.context)(run)
    observeExit(flight.fiber, (exit) => {
      size -= 1
      remove(key, flight)
      flight.complete(exit)
    })
    return flight
  }

  const subscribe = (key: string, flight: Flight<C, A, E>, isFirst: boolean): Subscription<C, A, E> => {
    flight.subscribers += 1
    let read = 0
    let isUnsubscribed = false
    const next: Pull.Pull<C, E, A> = Effect.suspend(() => {
      const chunk = flight.chunks[read]
      if (chunk !== undefined) {
        read += 1
        return Effect.succeed(chunk)
      }
      if (flight.exit === undefined) return Effect.flatMap(flight.change, () => next)
      return Exit.isSuccess(flight.exit) ? Cause.done(flight.exit.value) : Effect.failCause(flight.exit.cause)
    })
    return {
      isFirst,
      context: flight.context,
      result: flight.result,
      next,
      unsubscribe: Effect.suspend(() => {
        if (isUnsubscribed) return Effect.void
        isUnsubscribed = true
        flight.subscribers -= 1
        if (flight.subscribers > 0 || flight.exit !== undefined || flight.fiber === undefined) return Effect.void
        remove(key, flight)
        return Fiber.interrupt(flight.fiber)
      })
    }
  }

  return {
    join: (key, task) => {
      const running = flights.get(key)
      return running !== undefined && (running.isRefresh || !task.isRefresh)
        ? subscribe(key, running, false)
        : subscribe(key, start(key, task), true)
    },
    forget: (which) => {
      for (const [key, { tags }] of flights) if (which(key, tags)) flights.delete(key)
    },
    size: () => size
  }
}
