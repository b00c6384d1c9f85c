/**
 * A clock and a scheduler that run hours of virtual time as fast as the program
 * allows.
 *
 * `TestClock` has the same order of events, but takes a turn of the event loop
 * for every sleep, and a day of calls has a million sleeps.
 *
 * Time does not advance while a fiber can run; then it advances to the next
 * sleep. All fibers share one run queue, so the order of events depends on the
 * program alone.
 */
import { ModuleLoader } from "@kimi-effect/core/internal/ModuleLoader"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { SleepQueue } from "./SleepQueue.ts"

const nanosPerMilli = 1_000_000n

/** The tasks of all fibers, first in, first out. */
class RunQueue {
  #tasks: Array<() => void> = []
  #position = 0

  /** Called once when the next task is added. */
  #onAdd: (() => void) | undefined

  readonly add = (task: () => void): (() => void) => {
    let isActive = true
    this.#tasks.push(() => {
      if (isActive) task()
    })
    const onAdd = this.#onAdd
    this.#onAdd = undefined
    onAdd?.()
    return () => {
      isActive = false
    }
  }

  /** Calls a function once there is a task: at once, or when the next one is added. */
  whenAdded(onAdd: () => void): void {
    if (this.#position < this.#tasks.length) return onAdd()
    this.#onAdd = onAdd
  }

  /** Runs the next task. Returns `false` when there is none. */
  runNext(): boolean {
    const task = this.#tasks[this.#position]
    if (task === undefined) {
      this.#tasks = []
      this.#position = 0
      return false
    }
    this.#position += 1
    task()
    return true
  }
}

const makeClock = (sleeps: SleepQueue, queue: RunQueue, start: number): Clock.Clock => {
  const millis = (): number => sleeps.now
  const wallNanos = (): bigint => BigInt(sleeps.now) * nanosPerMilli
  const monotonicNanos = (): bigint => BigInt(sleeps.now - start) * nanosPerMilli
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: wallNanos,
    currentTimeNanos: Effect.sync(wallNanos),
    monotonicTimeNanosUnsafe: monotonicNanos,
    monotonicTimeNanos: Effect.sync(monotonicNanos),
    sleep: (duration) => {
      const wait = Duration.toMillis(duration)
      if (wait <= 0) {
        // A fiber that was started without the scheduler of virtual time, such as that of timers, also waits here.
        return Effect.callback((resume) => {
          const cancel = queue.add(() => resume(Effect.void))
          return Effect.sync(cancel)
        })
      }
      if (!Number.isFinite(wait)) return Effect.never
      return Effect.callback((resume) => {
        const sleep = sleeps.add(wait, () => resume(Effect.void))
        return Effect.sync(() => sleeps.cancel(sleep))
      })
    }
  }
}

/** The effects during which virtual time waits for promises. */
class Loading {
  #running = 0
  /** Called once when the next of them ends. Its fiber continues without a task in the queue. */
  onEnd: (() => void) | undefined

  get isRunning(): boolean {
    return this.#running > 0
  }

  begin(): void {
    this.#running += 1
  }

  end(): void {
    this.#running -= 1
    const { onEnd } = this
    this.onEnd = undefined
    onEnd?.()
  }
}

const CurrentLoading: Context.Reference<Loading> = Context.Reference<Loading>(
  "@kimi-effect/testing/internal/simulator/virtualTime/CurrentLoading",
  { defaultValue: () => new Loading() }
)

/**
 * Runs an effect that may wait for promises, such as one that imports modules.
 * Virtual time stands still until it has ended.
 */
export const loading = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(CurrentLoading, (current) =>
    Effect.acquireUseRelease(
      Effect.sync(() => current.begin()),
      () => effect,
      () => Effect.sync(() => current.end())
    )
  )

/** The longest real wait for a promise. Then virtual time advances, because a program that loads may sleep too. */
const loadTimeout = "10 seconds"

/** Waits in real time until a task is added or a load ends. Returns whether one did within the longest wait. */
const awaitLoad = (queue: RunQueue, load: Loading): Effect.Effect<boolean> =>
  Effect.callback<boolean>((resume) => {
    // A promise may have been resolved since the queue was found empty.
    if (!load.isRunning) return resume(Effect.succeed(true))
    const proceed = () => resume(Effect.succeed(true))
    load.onEnd = proceed
    queue.whenAdded(proceed)
  }).pipe(
    Effect.timeoutOrElse({ duration: loadTimeout, orElse: () => Effect.succeed(false) }),
    Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())
  )

const deadlock: Effect.Effect<never> = Effect.suspend(() =>
  Effect.die(new Error("Deadlock in virtual time: the program waits, but no fiber can run and none sleeps"))
)

/** Loads modules of the library, for which virtual time waits. */
const loadInVirtualTime = <A>(load: () => Promise<A>): Effect.Effect<A> => loading(Effect.promise(load))

/** Steps between two turns of the event loop, so that a simulation can be interrupted and does not block for long. */
const stepsPerTurn = 1_000

/**
 * Runs a program in virtual time that starts at `start`, in whole Unix
 * milliseconds.
 *
 * Virtual time does not wait for promises, timers or sockets, except within
 * `loading` and for modules that the library loads. A program that waits for them, or forever, dies when no fiber can run
 * and none sleeps.
 */
export const runVirtual = <A, E, R>(start: number, program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<R>) => {
    const sleeps = new SleepQueue(start)
    const queue = new RunQueue()
    const load = new Loading()
    const virtual = context.pipe(
      Context.add(CurrentLoading, load),
      Context.add(ModuleLoader, loadInVirtualTime),
      Context.add(Clock.Clock, makeClock(sleeps, queue, start)),
      Context.add(Scheduler.Scheduler, new Scheduler.MixedScheduler("async", queue.add))
    )

    const drive = <A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<A, E> =>
      Effect.suspend(() => {
        for (let steps = 0; steps < stepsPerTurn; steps += 1) {
          const exit = fiber.pollUnsafe()
          if (exit !== undefined) return exit
          if (queue.runNext()) continue
          if (load.isRunning) {
            // The fiber that ended a load continues after it, in the same turn.
            const waited = Effect.tap(awaitLoad(queue, load), Effect.yieldNow)
            return Effect.flatMap(waited, (isDue) => (isDue ? drive(fiber) : advance(fiber)))
          }
          if (!sleeps.wakeNext()) {
            return deadlock
          }
        }
        return Effect.andThen(Effect.yieldNow, drive(fiber))
      })

    /** Continues after a wait for a promise that did not come: a program that loads sleeps. */
    const advance = <A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<A, E> =>
      Effect.suspend(() => {
        if (queue.runNext() || sleeps.wakeNext()) return drive(fiber)
        return fiber.pollUnsafe() ?? deadlock
      })

    return Effect.suspend(() => {
      const fiber = Effect.runForkWith(virtual)(program)
      return Effect.onExit(drive(fiber), () => {
        if (fiber.pollUnsafe() !== undefined) return Effect.void
        fiber.interruptUnsafe()
        return Effect.ignoreCause(drive(fiber))
      })
    })
  })
