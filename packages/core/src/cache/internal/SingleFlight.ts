/**
 * One flight for all who ask the same at the same time: it runs once, and
 * everybody gets what it gives.
 *
 * A flight may give pieces before its result. Each reader sees all of them
 * from the first, at its own pace.
 *
 * **Details**
 *
 * - A flight runs in a fiber of its own. A reader that is interrupted leaves it
 *   to the others; when the last one leaves, the flight is interrupted, and that
 *   reader waits until it has ended.
 * - The pieces are kept until the flight has ended and its last reader has gone,
 *   so that nobody loses any, however late it came and however slowly it reads,
 *   and a slow reader holds up nobody. They are bounded by what one flight may
 *   give: for answers, by the largest response of a client.
 * - An error goes to all readers, and nothing of it is kept.
 * - A flight runs with the services of whoever came first, its options and its
 *   span included.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Pull from "effect/Pull"

/**
 * What a flight is told.
 *
 * @category models
 * @since 0.1.0
 */
interface Publisher<C> {
  /** Gives a piece to all readers. */
  readonly publish: (piece: C) => void
  /** Whether new readers would still come to this flight, so that its result may be kept. */
  readonly isCurrent: () => boolean
}

/**
 * A flight that may be begun.
 *
 * @category models
 * @since 0.1.0
 */
export interface Task<C, A, E> {
  readonly run: (pilot: Publisher<C>) => Effect.Effect<A, E>
  /** Whether a flight that is no refresh will not do. */
  readonly isRefresh: boolean
  /** Names by which it may be forgotten. */
  readonly tags: ReadonlyArray<string>
  /** The services of the fiber that asks. */
  readonly context: Context.Context<never>
}

/**
 * The place of one reader. Whoever takes one must leave it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Subscription<C, A, E> {
  /** Whether the flight was begun for this reader. */
  readonly isFirst: boolean
  /** The services of whoever began the flight. */
  readonly context: Context.Context<never>
  /** Waits for the result. */
  readonly result: Effect.Effect<A, E>
  /** The next piece; done, with the result, when there are no more. */
  readonly next: Pull.Pull<C, E, A>
  /** Gives the place up, once, and ends a flight that nobody is left on. */
  readonly unsubscribe: Effect.Effect<void>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface SingleFlight<C extends object, A, E> {
  /** A place on the flight of a key, which is begun if there is none. Takes it at once. */
  readonly join: (key: string, launch: Task<C, A, E>) => Subscription<C, A, E>
  /** Sends later readers to a new flight. Those on board stay. */
  readonly forget: (which: (key: string, tags: ReadonlyArray<string>) => boolean) => void
  /** Flights that have not ended. */
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
  private readonly chunkWaiters = new Set<() => void>()
  private readonly resultWaiters = new Set<(exit: Exit.Exit<A, E>) => void>()

  constructor({ context, isRefresh, tags }: Task<C, A, E>) {
    this.isRefresh = isRefresh
    this.tags = tags
    this.context = context
  }

  publish(piece: C): void {
    this.chunks.push(piece)
    this.wake()
  }

  complete(exit: Exit.Exit<A, E>): void {
    this.exit = exit
    this.wake()
    for (const resume of this.resultWaiters) resume(exit)
    this.resultWaiters.clear()
  }

  private wake(): void {
    const readers = [...this.chunkWaiters]
    this.chunkWaiters.clear()
    for (const resume of readers) resume()
  }

  /** Waits for the next piece or for the end. */
  readonly change: Effect.Effect<void> = Effect.callback((resume) => {
    const wake = () => resume(Effect.void)
    this.chunkWaiters.add(wake)
    return Effect.sync(() => void this.chunkWaiters.delete(wake))
  })

  readonly result: Effect.Effect<A, E> = Effect.callback((resume) => {
    if (this.exit !== undefined) return resume(this.exit)
    this.resultWaiters.add(resume)
    return Effect.sync(() => void this.resultWaiters.delete(resume))
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

  const begin = (key: string, launch: Task<C, A, E>): Flight<C, A, E> => {
    const flight = new Flight(launch)
    flights.set(key, flight)
    size += 1
    const run = launch.run({
      publish: (piece) => flight.publish(piece),
      isCurrent: () => flights.get(key) === flight
    })
    flight.fiber = Effect.runForkWith(launch.context)(run)
    flight.fiber.addObserver((exit) => {
      size -= 1
      remove(key, flight)
      flight.complete(exit)
    })
    return flight
  }

  const seatOn = (key: string, flight: Flight<C, A, E>, isFirst: boolean): Subscription<C, A, E> => {
    flight.subscribers += 1
    let read = 0
    let hasLeft = false
    const next: Pull.Pull<C, E, A> = Effect.suspend(() => {
      const piece = flight.chunks[read]
      if (piece !== undefined) {
        read += 1
        return Effect.succeed(piece)
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
        if (hasLeft) return Effect.void
        hasLeft = true
        flight.subscribers -= 1
        if (flight.subscribers > 0 || flight.exit !== undefined || flight.fiber === undefined) return Effect.void
        remove(key, flight)
        return Fiber.interrupt(flight.fiber)
      })
    }
  }

  return {
    join: (key, launch) => {
      const running = flights.get(key)
      return running !== undefined && (running.isRefresh || !launch.isRefresh)
        ? seatOn(key, running, false)
        : seatOn(key, begin(key, launch), true)
    },
    forget: (which) => {
      for (const [key, { tags }] of flights) if (which(key, tags)) flights.delete(key)
    },
    size: () => size
  }
}
