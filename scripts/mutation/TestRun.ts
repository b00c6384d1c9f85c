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
  readonly isTimeout: boolean
}

export interface Settings {
  /** The tests to run. */
  readonly isSelected: (test: Test) => boolean
  /** Longest time of a test in milliseconds. */
  readonly limitOf: (id: string) => number
  /** Whether the first failure ends the run. */
  readonly isBail: boolean
  readonly onStart?: (id: string | undefined) => void
}

class TimedOut extends Error {}

const hooksOf = (suite: Suite, kind: Hook["kind"]): ReadonlyArray<AnyFunction> =>
  suite.hooks.filter((hook) => hook.kind === kind).map(({ run }) => run)

const withLimit = async (millis: number, controller: AbortController, run: () => Promise<void>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      controller.abort()
      reject(new TimedOut(`did not end within ${millis} ms`))
    }, millis)
  })
  try {
    await Promise.race([run(), limit])
  } finally {
    clearTimeout(timer)
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Runs one test with the hooks around it. Returns what it failed with. */
const runTest = async (test: Test, millis: number): Promise<{ readonly error: unknown } | undefined> => {
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
    await withLimit(millis, controller, async () => {
      for (const suite of suites) for (const run of hooksOf(suite, "beforeEach")) await run(context)
      await test.run(context)
    })
  } catch (error) {
    failed = { error }
  }
  try {
    await withLimit(millis, controller, async () => {
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
      isTimeout: false
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
        const cpu = process.cpuUsage()
        const failed = await runTest(task, settings.limitOf(id))
        settings.onStart?.(undefined)
        const { system, user } = process.cpuUsage(cpu)
        outcomes.push({
          id,
          name: task.name,
          file: task.parent.file,
          millis: performance.now() - start,
          cpuMillis: (user + system) / 1000,
          failure: failed === undefined ? undefined : messageOf(failed.error),
          isTimeout: failed?.error instanceof TimedOut
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
