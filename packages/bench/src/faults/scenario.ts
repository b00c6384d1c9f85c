/**
 * One fault at a time: the first attempt of a call meets it, the next ones do
 * not. Every client has its defaults. Every call has a separate server and
 * client, and all of them wait at the same time, so a run takes as long as its
 * longest call.
 */
import { type Figure, median } from "../harness/Figure.ts"
import { type Child, start } from "../harness/childProcess.ts"
import { faultNames, type Name } from "../retry/contestants.ts"
import { faults } from "./faults.ts"
import { type Ended, outcomes } from "./outcomes.ts"

interface Size {
  readonly repetitions: number
  /** After which a call counts as waiting. */
  readonly seconds: number
  /** The faults from which calls of kimi-effect must recover. */
  readonly recovered: Readonly<Partial<Record<Name, number>>>
}

/** Beyond the longest timeout of kimi-effect that can end before a call does: two minutes for the first token. */
const full: Size = { repetitions: 3, seconds: 150, recovered: { "kimi-effect": 18, "kimi-effect, recovery": 25 } }
const quick: Size = { repetitions: 1, seconds: 15, recovered: { "kimi-effect": 16, "kimi-effect, recovery": 21 } }

/** The calls of one client that met one fault. */
interface Measured {
  readonly ended: ReadonlyArray<Ended>
  readonly attempts: ReadonlyArray<number>
}

const module = (name: string): URL => new URL(name, import.meta.url)

/** A client and its hosts, one for each fault and repetition. */
interface Contest {
  readonly host: Child<ReadonlyArray<string>>
  readonly client: Child<unknown>
}

const startContest = async (name: Name, repetitions: number): Promise<Contest> => {
  const host = await start<ReadonlyArray<string>>(module("./host.ts"), [`${repetitions}`])
  return { host, client: await start(module("./callsProbe.ts"), [name, ...host.message]) }
}

/** What each fault, by its index, did to the calls of a client, after which its processes end. */
const measure = async ({ client, host }: Contest, seconds: number): Promise<ReadonlyArray<Measured>> => {
  // Both reply with one item for each host.
  const ended = (await client.ask(seconds)) as ReadonlyArray<Ended>
  const attempts = (await host.ask("attempts")) as ReadonlyArray<number>
  await client.stop()
  await host.stop()
  const ofFault = <A>(items: ReadonlyArray<A>, fault: number): ReadonlyArray<A> =>
    items.filter((_, at) => at % faults.length === fault)
  return faults.map((_, fault) => ({ ended: ofFault(ended, fault), attempts: ofFault(attempts, fault) }))
}

const outcomeNames = {
  recovered: "faults from which a call recovers",
  error: "faults that end a call with an error",
  wrong: "faults after which a wrong text counts as a response",
  waiting: "faults after which a call still waits"
} as const

const isOurs = (name: Name): boolean => name.startsWith("kimi-effect")

const share = (measured: Measured | undefined, outcome: Ended["outcome"]): number => {
  const ended = measured?.ended ?? []
  return ended.filter((one) => one.outcome === outcome).length / ended.length
}

type Results = ReadonlyMap<Name, ReadonlyArray<Measured>>

const totals = (results: Results, { recovered }: Size): ReadonlyArray<Figure> =>
  outcomes.flatMap((outcome) =>
    [...results].map(([name, measured]): Figure => {
      const value = measured.reduce((sum, one) => sum + share(one, outcome), 0)
      const figure = { name: `${outcomeNames[outcome]}, ${name}`, value, unit: `of ${faults.length}` }
      const least = recovered[name]
      if (outcome === "recovered" && least !== undefined) return { ...figure, threshold: least, isHigherBetter: true }
      return outcome === "wrong" && isOurs(name) ? { ...figure, threshold: 0 } : figure
    })
  )

const wastedAttempts = (results: Results): ReadonlyArray<Figure> =>
  [...results].map(([name, measured]): Figure => {
    const value = faults.reduce(
      (sum, { isTransient }, at) => sum + (isTransient ? 0 : median(measured[at]?.attempts ?? []) - 1),
      0
    )
    const figure = { name: `attempts wasted on a fault that lasts, ${name}`, value, unit: "" }
    return isOurs(name) ? { ...figure, threshold: 0 } : figure
  })

const figuresOf = (results: Results, size: Size): ReadonlyArray<Figure> => {
  const each = (what: string, unit: string, valueOf: (measured: Measured | undefined) => number) =>
    faults.flatMap(({ name: fault }, at) =>
      [...results].map(([name, measured]) => ({
        name: `${fault}: ${what}, ${name}`,
        value: valueOf(measured[at]),
        unit
      }))
    )
  return [
    ...totals(results, size),
    ...wastedAttempts(results),
    ...each("recovers", "of 1", (measured) => share(measured, "recovered")),
    ...each("attempts", "", (measured) => median(measured?.attempts ?? [])),
    ...each("time", "s", (measured) => median((measured?.ended ?? []).map(({ seconds }) => seconds)))
  ]
}

/** One cell of the table: "recovered, 2 attempts, 0.6 s". */
const cellOf = (measured: Measured | undefined): string => {
  const counts = outcomes.filter((outcome) => share(measured, outcome) > 0)
  const seconds = median((measured?.ended ?? []).map((one) => one.seconds))
  return `${counts.join(" or ")} · ${median(measured?.attempts ?? [])} · ${seconds.toFixed(1)} s`
}

/** The results by fault as a Markdown table: how the call ended, its attempts and its time. */
const tableOf = (results: Results): string => {
  const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |\n`
  const names = [...results.keys()]
  return [
    row(["fault", ...names]),
    row(["---", ...names.map(() => "---")]),
    ...faults.map(({ name }, at) => row([name, ...names.map((client) => cellOf(results.get(client)?.[at]))]))
  ].join("")
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const size = isQuick ? quick : full
  const contests = new Map<Name, Contest>()
  for (const name of faultNames) contests.set(name, await startContest(name, size.repetitions))
  const measured = await Promise.all(
    [...contests].map(async ([name, contest]) => [name, await measure(contest, size.seconds)] as const)
  )
  const results = new Map(measured)
  process.stderr.write(tableOf(results))
  return figuresOf(results, size)
}
