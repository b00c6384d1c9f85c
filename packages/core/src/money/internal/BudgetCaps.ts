/**
 * Which caps apply to a call: from rules such as "10 dollars a day for each
 * tenant" to the scopes in which its cost is reserved.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import type { ConfigurationIssue } from "../../errors/ConfigurationErrors.ts"
import type * as ModelCatalog from "../../ModelCatalog.ts"
import * as Day from "../../internal/Day.ts"
import * as OptionRules from "../../internal/OptionRules.ts"
import * as Amount from "./Amount.ts"
import * as BudgetScope from "./BudgetScope.ts"
import type { Claim } from "./Ledger.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Currency = ModelCatalog.Price["currency"]

/**
 * The attribution of a call, from `CallOptions`. An empty name counts as a name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tags {
  readonly tenant: string
  readonly job: string
  readonly agent: string
}

/**
 * A cap. All caps that match a call apply to it.
 *
 * - `{ amount: "1000", currency: "USD" }`: in total
 * - `{ per: ["day"], … }`: each day; `week` (from Monday) and `month` likewise
 * - `{ per: ["tenant"], … }`: each tenant
 * - `{ per: ["day", "tenant"], … }`: each tenant on each day
 * - `{ per: ["tenant"], only: { tenant: "acme" }, … }`: the tenant acme, in
 *   place of the cap of each tenant
 *
 * @category options
 * @since 0.1.0
 */
export interface Cap {
  /** The maximum to be spent, as a decimal. */
  readonly amount: string | BigDecimal.BigDecimal
  readonly currency: Currency
  /** Whether each day, week or month, tenant, job or agent has a separate cap. By default all calls share it. */
  readonly per?: ReadonlyArray<BudgetScope.Dimension> | undefined
  /** The names that it applies to. Defaults to all. */
  readonly only?: Partial<Tags> | undefined
}

/**
 * The scopes of a call, or the first one without a cap in its currency.
 *
 * @category models
 * @since 0.1.0
 */
export type Claims = { readonly _tag: "Claims"; readonly claims: ReadonlyArray<Claim> } | CurrencyMismatch

interface CurrencyMismatch {
  readonly _tag: "CurrencyMismatch"
  readonly scope: string
  /** Of the caps that the scope has. */
  readonly currencies: ReadonlyArray<Currency>
}

/**
 * Why a price cannot be held against caps in other currencies, and what to change.
 *
 * @category formatting
 * @since 0.1.0
 */
export const describeMismatch = (
  { currencies, scope }: CurrencyMismatch,
  price: Currency
): { readonly reason: string; readonly fix: string } => ({
  reason: `is in ${price}, in which ${scope} has no cap`,
  fix: `Set the cap in ${price}, the currency of the price, and not in ${currencies.join(" and ")} alone.`
})

/** A cap with the names that it applies to. */
interface CapRule {
  readonly only: ReadonlyArray<readonly [keyof Tags, string]>
  readonly currency: Currency
  readonly cap: bigint
}

interface CapGroup {
  readonly per: ReadonlyArray<BudgetScope.Dimension>
  readonly rules: ReadonlyArray<CapRule>
}

/** The scope of a period is kept for two more days. */
const retentionDays = 2

const tagNames = ["tenant", "job", "agent"] as const

/** Amounts beyond this scale are out of bounds, and writing one out would exhaust the memory. */
const maxScale = 1_000

const parseAmount = (amount: unknown): bigint | undefined => {
  // Text without digits would parse as zero.
  if (typeof amount === "string" && !/\d/.test(amount)) return undefined
  const decimal = typeof amount === "string" ? BigDecimal.fromString(amount) : Option.some(amount)
  if (Option.isNone(decimal) || !BigDecimal.isBigDecimal(decimal.value)) return undefined
  if (Math.abs(decimal.value.scale) > maxScale) return undefined
  const cap = Amount.fromDecimal(decimal.value)
  return cap >= 0n && cap <= Amount.maxAmount ? cap : undefined
}

const dimensionsOf = ({ only = {}, per = [] }: Cap): ReadonlyArray<BudgetScope.Dimension> =>
  BudgetScope.allDimensions.filter(
    (name) => per.includes(name) || (!BudgetScope.isPeriod(name) && only[name] !== undefined)
  )

const memberNames: Record<keyof Cap, true> = { amount: true, currency: true, per: true, only: true }

/** The rules of a cap. A misread cap would bound something else, or nothing. */
const rulesOf = (cap: Cap, name: string): ReadonlyArray<OptionRules.Rule> => {
  if (typeof cap !== "object" || cap === null) return [[name, false, "an object with an amount and a currency"]]
  const { amount, currency, only = {}, per = [] } = cap
  const isOnly =
    typeof only === "object" &&
    only !== null &&
    Object.entries(only).every(([key, value]) => tagNames.some((one) => one === key) && isOptionalString(value))
  return [
    ...OptionRules.knownNames(cap, memberNames).map(([member, isMet, expected]): OptionRules.Rule => [
      `${name}.${member}`,
      isMet,
      expected
    ]),
    [`${name}.amount`, parseAmount(amount) !== undefined, 'a decimal from 0 to 1000000 as text, such as "50"'],
    [`${name}.currency`, currency === "USD" || currency === "CNY", "USD or CNY"],
    [
      `${name}.per`,
      Array.isArray(per) && per.every((one) => BudgetScope.allDimensions.includes(one)),
      `a list of ${BudgetScope.allDimensions.join(", ")}`
    ],
    [
      `${name}.per`,
      !Array.isArray(per) || per.filter((one) => BudgetScope.isPeriod(one)).length <= 1,
      "only one of month, week, day"
    ],
    [`${name}.only`, isOnly, `names by ${tagNames.join(", ")}`]
  ]
}

const isOptionalString = (value: unknown): boolean => value === undefined || typeof value === "string"

/**
 * All issues of caps.
 *
 * @category validation
 * @since 0.1.0
 */
export const issuesOf = (caps: ReadonlyArray<Cap>): ReadonlyArray<typeof ConfigurationIssue.Type> => {
  if (!Array.isArray(caps)) return [{ name: "Budget caps", expected: "a list of caps" }]
  const issues: Array<typeof ConfigurationIssue.Type> = []
  const known = new Set<string>()
  caps.forEach((cap: Cap, i) => {
    const capIssues = OptionRules.issuesOf("Budget", rulesOf(cap, `caps[${i}]`))
    issues.push(...capIssues)
    // Its scope cannot be determined.
    if (capIssues.some(({ name }) => !name.endsWith(".amount"))) return
    const key = JSON.stringify([dimensionsOf(cap), tagNames.map((name) => cap.only?.[name]), cap.currency])
    if (known.has(key)) issues.push({ name: `Budget caps[${i}]`, expected: "another scope than an earlier cap's" })
    known.add(key)
  })
  return issues
}

/** Of matching caps, those with the most names; of those, the lowest. */
const mostSpecific = (rules: ReadonlyArray<CapRule>): CapRule | undefined => {
  let found: CapRule | undefined
  for (const rule of rules) {
    const isMoreSpecific =
      found === undefined ||
      rule.only.length > found.only.length ||
      (rule.only.length === found.only.length && rule.cap < found.cap)
    if (isMoreSpecific) found = rule
  }
  return found
}

/**
 * A function from a call to its scopes. The caps must be valid.
 *
 * A cap in dollars does not apply to yuan. If caps of a kind match a call but
 * none is in its currency, the call is a mismatch there, and not treated as if it
 * were free.
 *
 * @category constructors
 * @since 0.1.0
 */
export const compile = (
  caps: ReadonlyArray<Cap>
): ((tags: Tags, currency: Currency, today: Day.LocalDate) => Claims) => {
  const groups = new Map<
    string,
    { readonly per: ReadonlyArray<BudgetScope.Dimension>; readonly rules: Array<CapRule> }
  >()
  for (const cap of caps) {
    const per = dimensionsOf(cap)
    const group = groups.get(per.join("/")) ?? { per, rules: [] }
    groups.set(per.join("/"), group)
    const only = tagNames.flatMap((name): ReadonlyArray<readonly [keyof Tags, string]> => {
      const value = cap.only?.[name]
      return value === undefined ? [] : [[name, value]]
    })
    group.rules.push({ only, currency: cap.currency, cap: parseAmount(cap.amount) ?? 0n })
  }
  const all: ReadonlyArray<CapGroup> = [...groups.values()]

  const claimsOf = (tags: Tags, currency: Currency, today: Day.LocalDate): Claims => {
    const claims: Array<Claim> = []
    for (const { per, rules } of all) {
      const matching = rules.filter(({ only }) => only.every(([name, value]) => tags[name] === value))
      if (matching.length === 0) continue
      const scope = BudgetScope.nameOf(per, { ...tags, today })
      const rule = mostSpecific(matching.filter((one) => one.currency === currency))
      if (rule === undefined) {
        const currencies = [...new Set(matching.map((one) => one.currency))]
        return { _tag: "CurrencyMismatch", scope, currencies }
      }
      const period = per.find((name) => BudgetScope.isPeriod(name))
      claims.push({
        scope: `${currency} ${scope}`,
        cap: rule.cap,
        retainUntil: period === undefined ? undefined : Day.startOf(BudgetScope.endOf(period, today) + retentionDays)
      })
    }
    return { _tag: "Claims", claims }
  }
  return memoized(claimsOf)
}

/** Scopes that are kept at once: those of the tenants, jobs and agents that make calls at the same time. */
const maxMemoized = 256

/** Keeps the claims of a day, since the names of scopes and the ends of their periods are the same in every call. */
const memoized = (claimsOf: ReturnType<typeof compile>): ReturnType<typeof compile> => {
  const known = new Map<string, Claims>()
  let day = Number.NaN
  // Consecutive calls mostly have the same tags, as one object.
  let latest: { readonly tags: Tags; readonly currency: Currency; readonly claims: Claims } | undefined
  return (tags, currency, today) => {
    if (today.dayNumber === day && latest?.tags === tags && latest.currency === currency) return latest.claims
    if (today.dayNumber !== day || known.size >= maxMemoized) {
      known.clear()
      day = today.dayNumber
    }
    // Lengths delimit the names, which may contain any text.
    const { agent, job, tenant } = tags
    const key = `${currency}${tenant.length},${job.length},${tenant}${job}${agent}`
    const claims = known.get(key) ?? claimsOf(tags, currency, today)
    known.set(key, claims)
    latest = { tags, currency, claims }
    return claims
  }
}

/**
 * Whether any cap matches calls with given tags, in any currency.
 *
 * @category constructors
 * @since 0.1.0
 */
export const compileIsCapped = (caps: ReadonlyArray<Cap>): ((tags: Tags) => boolean) => {
  const isUnrestricted = ({ only = {} }: Cap) => tagNames.every((name) => only[name] === undefined)
  if (caps.some(isUnrestricted)) return () => true
  return (tags) =>
    caps.some(({ only = {} }) => tagNames.every((name) => only[name] === undefined || only[name] === tags[name]))
}
