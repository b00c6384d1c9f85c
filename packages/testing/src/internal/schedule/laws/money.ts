/** The ledger of the hosts, the records of the client and the budget agree. */
import { table, type Tag } from "@kimi-effect/core/ErrorFacts"
import type { Violation } from "../../../schedule/Violation.ts"
import { type LoggedAttempt, promptTokens } from "../HostLog.ts"
import type { Outcome } from "../Outcome.ts"

/** Amounts are sums of millionths. */
const differ = (a: number, b: number): boolean => Math.abs(a - b) > 1e-9

/** Whether a host certainly does not bill an attempt. */
const isFree = ({ failure, generated, isWhole }: LoggedAttempt): boolean =>
  !isWhole && generated === 0 && failure !== undefined && table[failure.tag as Tag].billing === "none"

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, number) => total + number, 0)

export const check = ({ log, money, schedule }: Outcome): ReadonlyArray<Violation> => {
  const found: Array<Violation> = []
  const compare = (name: string, actual: number, expected: number) => {
    if (differ(actual, expected)) found.push({ law: "money", message: `${name}: ${actual} in place of ${expected}` })
  }
  const whole = log.filter(({ isWhole }) => isWhole)
  const lost = log.filter((attempt) => !attempt.isWhole && !isFree(attempt))
  compare("recorded attempts with usage", money.reported.attempts, whole.length)
  compare("recorded prompt tokens", money.reported.prompt, whole.length * promptTokens)
  compare("recorded output tokens", money.reported.output, sum(whole.map(({ generated }) => generated)))
  compare("recorded attempts without a response", money.lostAttempts, lost.length)
  const spent = money.spent.get("total") ?? 0
  compare("spent of the budget", spent, sum(money.recorded.values()))
  for (const [tenant, amount] of money.recorded) {
    compare(`spent by ${tenant}`, money.spent.get(`tenant:${tenant}`) ?? 0, amount)
  }
  if (spent > Number(schedule.settings.cap) + 1e-9) {
    found.push({ law: "money", message: `${spent} spent of a cap of ${schedule.settings.cap}` })
  }
  const billed = sum([...whole, ...lost].map(({ generated }) => (promptTokens + generated) / 1_000_000))
  if (billed > spent + 1e-9) found.push({ law: "money", message: `hosts bill ${billed}, and ${spent} is spent` })
  return found
}
