/**
 * A test runner for Stryker that keeps the tests loaded: vitest would load the
 * library again for each change, which takes a hundred times as long as the tests that
 * run the changed line.
 *
 * After a test has failed on a change it runs once more without it. When it
 * fails again, a change has damaged the process, for example a value that is
 * kept for later: the change is tried again in a new process, where it is the first.
 */
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { INSTRUMENTER_CONSTANTS, type InstrumenterContext, type MutantCoverage } from "@stryker-mutator/api/core"
import { declareFactoryPlugin, PluginKind } from "@stryker-mutator/api/plugin"
import {
  type DryRunResult,
  DryRunStatus,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestRunner,
  TestStatus
} from "@stryker-mutator/api/test-runner"
import { idOf, type Suite } from "./Collected.ts"
import { register } from "./hooks.ts"
import * as TestRun from "./TestRun.ts"

const namespace = INSTRUMENTER_CONSTANTS.NAMESPACE
const instrumenter: InstrumenterContext = ((globalThis as Record<string, unknown>)[namespace] ??= {})

/** The package with the changes, as a name and a path, which `scripts/mutation.ts` names. */
const changed = JSON.parse(process.env["KIMI_MUTATION_PACKAGE"] ?? "{}") as {
  readonly name: string
  readonly path: string
}

/** The test files: paths in the copy, and whole paths of those of other packages. */
const testFiles = JSON.parse(process.env["KIMI_MUTATION_TESTS"] ?? "[]") as ReadonlyArray<string>

/** Tests that take more CPU time, in milliseconds, are left out: they would run for every change that no other test notices. */
const maxCpuMillis = 500
/** A test without a change ends, however long it takes. */
const unlimited: TestRun.Limit = { cpuMillis: Number.POSITIVE_INFINITY }
/** The limits of a test with a change: so many times what it takes without it, and this in addition, in milliseconds. */
const slowdown = 10
const slack = 1_000

const hasHooks = (suite: Suite): boolean =>
  suite.hooks.length > 0 || suite.tasks.some((task) => task.type !== "test" && hasHooks(task))

const killedBy = ({ failure = "", id }: TestRun.Outcome, nrOfTests: number): MutantRunResult => ({
  status: MutantRunStatus.Killed,
  killedBy: [id],
  failureMessage: failure,
  nrOfTests
})

class InProcessRunner implements TestRunner {
  readonly #suites = new Map<string, Suite>()
  readonly #times = new Map<string, Pick<TestRun.Outcome, "cpuMillis" | "millis">>()
  /** Whether the next change needs a new process, which Stryker starts when a run fails. */
  #isSpent = false
  /** Whether no change was tried in this process, so that what fails afterwards is the effect of this one. */
  #isNew = true
  #loads = 0
  #collect: typeof import("./testApi.ts").collect | undefined

  /** Stryker starts a new process for each change that also affects the loading of modules, unless this is true. */
  capabilities() {
    return { reloadEnvironment: true }
  }

  async init(): Promise<void> {
    register({ name: changed.name, url: pathToFileURL(resolve(changed.path)).href })
    const { collect } = await import("./testApi.ts")
    this.#collect = collect
    // A rejection that no test waits for is the effect of a change, and must not end the process.
    process.on("unhandledRejection", () => undefined)
    process.on("uncaughtException", () => undefined)
  }

  /** Loads a test file. One with hooks is loaded for each run, because layers that it shares are closed at its end. */
  async #load(file: string): Promise<Suite> {
    const known = this.#suites.get(file)
    if (known !== undefined && !hasHooks(known)) return known
    if (this.#collect === undefined) throw new Error("The runner is not initialized")
    const url = `${pathToFileURL(file).href}${known === undefined ? "" : `?load=${++this.#loads}`}`
    const suite = await this.#collect(file, () => import(url))
    this.#suites.set(file, suite)
    return suite
  }

  async #runAll(outcomes: Array<TestRun.Outcome>): Promise<void> {
    const onStart = (id: string | undefined): void => {
      if (id === undefined) delete instrumenter.currentTestId
      else instrumenter.currentTestId = id
    }
    const settings = { isSelected: () => true, limitOf: () => unlimited, isBail: true, onStart }
    for (const file of testFiles) {
      await TestRun.run(await this.#load(resolve(file)), settings, outcomes)
    }
  }

  async dryRun(): Promise<DryRunResult> {
    const coverage: MutantCoverage = (instrumenter.mutantCoverage ??= { static: {}, perTest: {} })
    const outcomes: Array<TestRun.Outcome> = []
    await this.#runAll(outcomes)
    const slow = outcomes.filter(({ cpuMillis, failure }) => cpuMillis > maxCpuMillis && failure === undefined)
    for (const { id } of slow) delete coverage.perTest[id]
    const tests = outcomes
      .filter((outcome) => !slow.includes(outcome))
      .map(({ failure, file, id, millis, name }) => ({
        id,
        name: id.slice(file.length + 1) || name,
        ...(file.startsWith(process.cwd()) ? { fileName: file } : {}),
        timeSpentMs: millis,
        ...(failure === undefined
          ? { status: TestStatus.Success as const }
          : { status: TestStatus.Failed as const, failureMessage: failure })
      }))
    return { status: DryRunStatus.Complete, tests, mutantCoverage: coverage }
  }

  async #run(
    ids: ReadonlyArray<string>,
    limitOf: (id: string) => TestRun.Limit
  ): Promise<ReadonlyArray<TestRun.Outcome>> {
    const outcomes: Array<TestRun.Outcome> = []
    const selected = new Set(ids)
    for (const file of new Set(ids.map((id) => id.slice(0, id.indexOf("#"))))) {
      await TestRun.run(
        await this.#load(file),
        { isSelected: (test) => selected.has(idOf(test)), limitOf, isBail: true },
        outcomes
      )
      if (outcomes.some(({ failure }) => failure !== undefined)) break
    }
    return outcomes
  }

  async #runMutated(
    ids: ReadonlyArray<string>,
    limitOf: (id: string) => TestRun.Limit,
    { activeMutant, hitLimit }: MutantRunOptions
  ) {
    instrumenter.activeMutant = activeMutant.id
    instrumenter.hitCount = 0
    if (hitLimit !== undefined) instrumenter.hitLimit = hitLimit
    try {
      return await this.#run(ids, limitOf)
    } finally {
      delete instrumenter.activeMutant
    }
  }

  /** Measures tests without a change, so that a slow test is not taken for one that does not end. */
  async #measure(ids: ReadonlyArray<string>): Promise<void> {
    const unknown = ids.filter((id) => !this.#times.has(id))
    if (unknown.length === 0) return
    for (const { failure, id, ...times } of await this.#run(unknown, () => unlimited)) {
      if (failure !== undefined) throw new Error(`${id} fails without a change: ${failure}`)
      this.#times.set(id, times)
    }
  }

  /** Loads all tests with the change, which the process keeps. */
  async #runStatic({ activeMutant }: MutantRunOptions): Promise<MutantRunResult> {
    if (this.#suites.size > 0) throw new Error("The modules were loaded without this change")
    this.#isSpent = true
    instrumenter.activeMutant = activeMutant.id
    const outcomes: Array<TestRun.Outcome> = []
    try {
      await this.#runAll(outcomes)
    } catch (error) {
      return { status: MutantRunStatus.Killed, killedBy: [], failureMessage: String(error), nrOfTests: outcomes.length }
    }
    const failed = outcomes.find(({ failure }) => failure !== undefined)
    return failed?.failure === undefined
      ? { status: MutantRunStatus.Survived, nrOfTests: outcomes.length }
      : killedBy(failed, outcomes.length)
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    if (options.mutantActivation === "static") return this.#runStatic(options)
    if (this.#isSpent) throw new Error("An earlier change is still in effect")
    const ids = options.testFilter ?? []
    await this.#measure(ids)
    const limitOf = (id: string): TestRun.Limit => {
      const { cpuMillis = 0, millis = 0 } = this.#times.get(id) ?? {}
      return { cpuMillis: slowdown * cpuMillis + slack, idleMillis: 2 * millis + slack }
    }
    const ordered = ids.toSorted((a, b) => limitOf(a).cpuMillis - limitOf(b).cpuMillis)
    const isNew = this.#isNew
    this.#isNew = false
    const outcomes = await this.#runMutated(ordered, limitOf, options)
    const failed = outcomes.find(({ failure }) => failure !== undefined)
    if (failed === undefined) return { status: MutantRunStatus.Survived, nrOfTests: outcomes.length }
    this.#isSpent = failed.timeout === "running"
    if (failed.timeout !== "none") {
      return { status: MutantRunStatus.Timeout, reason: `${failed.id} ${failed.failure}` }
    }
    const [again] = await this.#run([failed.id], () => unlimited)
    this.#isSpent = again?.failure !== undefined
    if (this.#isSpent && !isNew) throw new Error(`${failed.id} fails after a change: ${again?.failure}`)
    return killedBy(failed, outcomes.length)
  }
}

const create = Object.assign(() => new InProcessRunner(), { inject: [] as const })

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, "in-process", create)]
