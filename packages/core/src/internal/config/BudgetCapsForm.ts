/**
 * Caps of a budget as one text, such as `100 USD per day; 10 USD per
 * day/tenant; 500 USD per tenant:acme`, or as a list in JSON and code.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { type OptionForm, parsed, type Problem } from "./OptionForm.ts"

/**
 * Every period of the calendar that a cap can have.
 *
 * @category constants
 * @since 0.1.0
 */
export const periods = ["month", "week", "day"] as const

/**
 * Everything by which caps distinguish calls, in the order of the names of scopes.
 *
 * @category constants
 * @since 0.1.0
 */
export const dimensions = [...periods, "tenant", "job", "agent"] as const

const currencies = ["USD", "CNY"] as const

/**
 * A dimension of a scope, in the order of its name.
 *
 * @category models
 * @since 0.1.0
 */
export type Dimension = (typeof dimensions)[number]

/**
 * A period of the calendar. Weeks begin on Monday (ISO 8601).
 *
 * @category models
 * @since 0.1.0
 */
export type Period = (typeof periods)[number]

type Currency = (typeof currencies)[number]
type Tag = Exclude<Dimension, Period>

/**
 * A cap, as `Budget` takes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface BudgetCap {
  /** The most that may be spent, as a decimal. */
  readonly amount: string
  readonly currency: Currency
  /** Whether each day, week or month, tenant, job or agent has a cap. By default all calls share one. */
  readonly per?: ReadonlyArray<Dimension> | undefined
  /** The names that the cap holds for. By default all. */
  readonly only?: Partial<Readonly<Record<Tag, string>>> | undefined
}

/** Amounts beyond this are refused by the ledger. */
const maxAmount = 1_000_000

const isAmount = (text: unknown): text is string =>
  typeof text === "string" && /^\d{1,20}(\.\d{1,40})?$/.test(text) && Number(text) <= maxAmount

const isDimension = (name: unknown): name is Dimension => dimensions.some((one) => one === name)

/**
 * Whether a dimension is a period.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPeriod = (name: Dimension): name is Period => periods.some((one) => one === name)

const isCurrency = (name: unknown): name is Currency => currencies.some((one) => one === name)

const amountForm = `an amount from 0 to ${maxAmount} with digits and a decimal point`
const currencyForm = "a currency after the amount, USD or CNY"
const scopeForm =
  "in total, or per day, week, month, tenant, job or agent, or several with slashes but only one period, such as per day/tenant:acme"
const otherScopeForm = "another scope than that of an earlier cap"

const capForm = '"100 USD per day; 10 USD per day/tenant; 500 USD in total"'

const fail = (expected: string): Result.Result<never, string> => Result.fail(expected)

/** `day/tenant:acme` */
const parseScope = (text: string): Result.Result<Pick<BudgetCap, "per" | "only">, string> => {
  const per: Array<Dimension> = []
  const only: { [T in Tag]?: string } = {}
  const known = new Set<string>()
  for (const part of text.split("/")) {
    const [dimension, ...rest] = part.split(":")
    const name = rest.length === 0 ? undefined : rest.join(":")
    if (!isDimension(dimension) || name === "" || known.has(dimension)) return fail(scopeForm)
    known.add(dimension)
    if (name === undefined) per.push(dimension)
    else if (isPeriod(dimension)) return fail(scopeForm)
    else only[dimension] = name
  }
  if (per.filter(isPeriod).length > 1) return fail(scopeForm)
  return Result.succeed({
    ...(per.length === 0 ? {} : { per }),
    ...(Object.keys(only).length === 0 ? {} : { only })
  })
}

const parseCap = (text: string): Result.Result<BudgetCap, string> => {
  const [amount = "", currency, ...rest] = text.trim().split(/\s+/)
  if (!isAmount(amount)) return fail(amountForm)
  if (!isCurrency(currency)) return fail(currencyForm)
  const [preposition, scope, ...more] = rest
  if (preposition === undefined || (preposition === "in" && scope === "total" && more.length === 0)) {
    return Result.succeed({ amount, currency })
  }
  if (preposition !== "per" || scope === undefined || more.length > 0) return fail(scopeForm)
  return Result.map(parseScope(scope), (parts) => ({ amount, currency, ...parts }))
}

const problemOfPer = (per: unknown): string | undefined => {
  if (!Array.isArray(per) || !per.every(isDimension)) return `a list of ${dimensions.join(", ")}`
  return per.filter(isPeriod).length > 1 ? "only one of month, week, day" : undefined
}

/** What is wrong with a cap as data: by member, so that the name of the issue locates it. */
const problemsOf = (cap: unknown, at: string): ReadonlyArray<Problem> => {
  if (typeof cap !== "object" || cap === null || Array.isArray(cap)) {
    return [{ at, expected: "an object with an amount and a currency" }]
  }
  const { amount, currency, only, per, ...rest } = cap as Record<string, unknown>
  const problems: Array<Problem> = []
  if (!isAmount(amount)) problems.push({ at: `${at}.amount`, expected: `${amountForm}, as text` })
  if (!isCurrency(currency)) problems.push({ at: `${at}.currency`, expected: "USD or CNY" })
  const expectedPer = per === undefined ? undefined : problemOfPer(per)
  if (expectedPer !== undefined) problems.push({ at: `${at}.per`, expected: expectedPer })
  if (only !== undefined && !isOnly(only)) {
    problems.push({ at: `${at}.only`, expected: "names by tenant, job, agent" })
  }
  for (const name of Object.keys(rest)) problems.push({ at: `${at}.${name}`, expected: "no such member" })
  return problems
}

const isOnly = (only: unknown): boolean =>
  typeof only === "object" &&
  only !== null &&
  Object.entries(only).every(
    ([name, value]) => isDimension(name) && !isPeriod(name) && (value === undefined || typeof value === "string")
  )

/** Caps with equal keys would hold for the same calls. */
const keyOf = ({ currency, only = {}, per = [] }: BudgetCap): string =>
  JSON.stringify([
    currency,
    dimensions.filter((name) => per.includes(name) || (!isPeriod(name) && only[name] !== undefined)),
    [only.tenant, only.job, only.agent]
  ])

const collect = (
  caps: ReadonlyArray<Result.Result<BudgetCap, ReadonlyArray<Problem>>>,
  atOf: (index: number) => string
): Result.Result<ReadonlyArray<BudgetCap>, ReadonlyArray<Problem>> => {
  const problems: Array<Problem> = []
  const known = new Set<string>()
  const values: Array<BudgetCap> = []
  for (const [index, cap] of caps.entries()) {
    if (Result.isFailure(cap)) {
      problems.push(...cap.failure)
      continue
    }
    const key = keyOf(cap.success)
    if (known.has(key)) problems.push({ at: atOf(index), expected: otherScopeForm })
    known.add(key)
    values.push(cap.success)
  }
  return problems.length === 0 ? Result.succeed(values) : Result.fail(problems)
}

const expected = `caps such as ${capForm}, or off`

const parse = (found: unknown): Result.Result<ReadonlyArray<BudgetCap>, ReadonlyArray<Problem>> => {
  if (found === "off") return Result.succeed([])
  if (typeof found === "string") {
    const atOf = (index: number) => ` (cap ${index + 1})`
    const texts = found.split(";").filter((text, index, all) => text.trim() !== "" || index < all.length - 1)
    return collect(
      texts.map((text, index) => Result.mapError(parseCap(text), (form) => [{ at: atOf(index), expected: form }])),
      atOf
    )
  }
  if (!Array.isArray(found)) return Result.fail([{ at: "", expected }])
  const atOf = (index: number) => `[${index}]`
  return collect(
    found.map((cap: BudgetCap, index) => {
      const problems = problemsOf(cap, atOf(index))
      return problems.length === 0 ? Result.succeed(cap) : Result.fail(problems)
    }),
    atOf
  )
}

const formatCap = ({ amount, currency, only = {}, per = [] }: BudgetCap): string => {
  const scopes = dimensions.flatMap((name) => {
    const own = isPeriod(name) ? undefined : only[name]
    if (own !== undefined) return [`${name}:${own}`]
    return per.includes(name) ? [name] : []
  })
  return `${amount} ${currency}${scopes.length === 0 ? "" : ` per ${scopes.join("/")}`}`
}

/**
 * The form of caps. Code gives them as a list or as the same text.
 *
 * @category forms
 * @since 0.1.0
 */
export const form: OptionForm<ReadonlyArray<BudgetCap>, ReadonlyArray<BudgetCap> | string> = parsed({
  expected,
  parse,
  format: (caps) => caps.map(formatCap).join("; ") || "off"
})
