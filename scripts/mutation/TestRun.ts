/** Runs collected tests in this process, one after the other. */
import { type AnyFunction, type Hook, idOf, type Suite, suitesOf, type Test, testsOf } from "./Collected.ts"

export interface Outcome {
  readonly id: string
  readonly name: string
  readonly file: string
  readonly millis: number
  /** CPU time of the process in milliseconds. */
  readonly cpuMillis: number
  /** Undefined if the test passed. */
  readonly failure: string | undefined
  /** Whether it did not end, and whether it then still runs. */
  readonly timeout: "none" | "waiting" | "running"
}

/** When a test counts as one that does not end. */
export interface Limit {
  /** CPU time in milliseconds. */
  readonly cpuMillis: number
  /** Time without anything to do, in milliseconds; without a limit if it is missing. */
  readonly idleMillis?: number
}

export interface Settings {
  /** The tests to run. */
  readonly isSelected: (test: Test) => boolean
  readonly limitOf: (id: string) => Limit
  /** Whether the first failure ends the run. */
  readonly isBail: boolean
  readonly onStart?: (id: string | undefined) => void
}

class TimedOut extends Error {}

const hooksOf = (suite: Suite, kind: Hook["kind"]): ReadonlyArray<AnyFunction> =>
  suite.hooks.filter((hook) => hook.kind === kind).map(({ run }) => run)

const checkIntervalMillis = 100

const cpuMillis = (): number => {
  const { system, user } = process.cpuUsage()
  return (user + system) / 1_000
}

/**
 * Ends a test that takes more CPU time than its limit, or that waits for
 * something that does not happen: the process has had its turn at every check
 * of a time and has had nothing to do. A limit by the clock would end tests
 * because the machine is busy.
 */
const withLimit = async (limit: Limit, controller: AbortController, run: () => Promise<void>): Promise<void> => {
  const maxIdleChecks = Math.ceil((limit.idleMillis ?? Number.POSITIVE_INFINITY) / checkIntervalMillis)
  const start = cpuMillis()
  let last = { at: performance.now(), cpu: start }
  let idleChecks = 0
  let timer: NodeJS.Timeout | undefined
  const ended = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      const now = { at: performance.now(), cpu: cpuMillis() }
      const isPunctual = now.at - last.at < 2 * checkIntervalMillis
      const isIdle = now.cpu - last.cpu < checkIntervalMillis / 10
      last = now
      idleChecks = isPunctual && isIdle ? idleChecks + 1 : 0
      const isLoop = now.cpu - start > limit.cpuMillis
      if (!isLoop && idleChecks < maxIdleChecks) return
      controller.abort()
      reject(new TimedOut(isLoop ? "does not end" : "waits for something that does not happen", { cause: isLoop }))
    }, checkIntervalMillis)
  })
  try {
    await Promise.race([run(), ended])
  } finally {
    clearInterval(timer)
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Runs one test with the hooks around it. Returns what it failed with. */
const runTest = async (test: Test, limit: Limit): Promise<{ readonly error: unknown } | undefined> => {
  const controller = new AbortController()
  const finished: Array<AnyFunction> = []
  const context = {
    task: test,
    signal: controller.signal,
    onTestFinished: (run: AnyFunction) => void finished.push(run),
    onTestFailed: () => undefined
  }
  const suites = suitesOf(test.parent)
  let failed: { readonly error: unknown } | undefined
  try {
    await withLimit(limit, controller, async () => {
      for (const suite of suites) for (const run of hooksOf(suite, "beforeEach")) await run(context)
      await test.run(context)
    })
  } catch (error) {
    failed = { error }
  }
  try {
    await withLimit(limit, controller, async () => {
      for (const suite of suites.toReversed()) for (const run of hooksOf(suite, "afterEach")) await run(context)
      for (const run of finished.toReversed()) await run()
    })
  } catch (error) {
    failed ??= { error }
  }
  if (!test.isFailing) return failed
  return failed === undefined ? { error: new Error("the test passes, and is marked as failing") } : undefined
}

/** Runs the selected tests of a suite in their order. */
export const run = async (suite: Suite, settings: Settings, outcomes: Array<Outcome>): Promise<void> => {
  const isOver = (): boolean => settings.isBail && outcomes.some(({ failure }) => failure !== undefined)
  const selected = testsOf(suite).filter((test) => !test.isSkipped && settings.isSelected(test))
  if (suite.isSkipped || selected.length === 0 || isOver()) return
  const fail = (error: unknown, test: Test): void => {
    outcomes.push({
      id: idOf(test),
      name: test.name,
      file: test.parent.file,
      millis: 0,
      cpuMillis: 0,
      failure: messageOf(error),
      timeout: "none"
    })
  }
  const [first] = selected
  try {
    for (const before of hooksOf(suite, "beforeAll")) await before({})
    for (const task of suite.tasks) {
      if (task.type !== "test") await run(task, settings, outcomes)
      else if (selected.includes(task) && !isOver()) {
        const id = idOf(task)
        settings.onStart?.(id)
        const start = performance.now()
        const cpu = cpuMillis()
        const failed = await runTest(task, settings.limitOf(id))
        settings.onStart?.(undefined)
        outcomes.push({
          id,
          name: task.name,
          file: task.parent.file,
          millis: performance.now() - start,
          cpuMillis: cpuMillis() - cpu,
          failure: failed === undefined ? undefined : messageOf(failed.error),
          timeout: !(failed?.error instanceof TimedOut) ? "none" : failed.error.cause === true ? "running" : "waiting"
        })
      }
    }
  } catch (error) {
    if (first !== undefined) fail(error, first)
  }
  try {
    for (const after of hooksOf(suite, "afterAll")) await after({})
  } catch (error) {
    if (first !== undefined) fail(error, first)
  }
}
