/** What the dashboard shows, row by row. */
import type { Builder } from "@grafana/grafana-foundation-sdk/cog"
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard"
import { figure, lines } from "./panels.ts"
import { highest, label, lowest, mean, now, perHour, quantile, rate, ratio, within } from "./series.ts"

export interface Row {
  readonly title: string
  readonly panels: ReadonlyArray<Builder<Panel>>
}

const named = (...labels: ReadonlyArray<Parameters<typeof label>[0]>): string =>
  labels.map((name) => `{{${label(name)}}}`).join(" ")

const overview: Row = {
  title: "Overview",
  panels: [
    figure({
      title: "Calls that succeed",
      about: "Calls that ended well, of all that ended",
      unit: "percentunit",
      queries: [[ratio("requests", "outcome", "ok"), "succeed"]],
      thresholds: [0.999, 0.99]
    }),
    figure({
      title: "Calls",
      about: "Calls that end in a second",
      unit: "reqps",
      queries: [[rate("requests"), "calls"]]
    }),
    figure({
      title: "First token, p95",
      about: "95 of 100 streams have their first content within this time",
      unit: "s",
      queries: [[quantile(0.95, "timeToFirstChunk"), "p95"]]
    }),
    figure({
      title: "Open circuits",
      about: "Circuits that let nothing through",
      unit: "none",
      queries: [[within("breakerCircuits", "circuitState", "open|isolated"), "open"]],
      thresholds: [1, 2]
    }),
    figure({
      title: "Cost an hour",
      about: "What attempts cost, at the rate of now",
      unit: "none",
      queries: [[perHour("cost", "currency"), named("currency")]]
    }),
    figure({
      title: "Answers from the cache",
      about: "Calls that the host was not asked for, of those that were answered",
      unit: "percentunit",
      queries: [[ratio("cacheRequests", "cacheLevel", "memory|store|flight"), "cached"]]
    }),
    lines({
      title: "Calls by outcome",
      about: "`ok`, `interrupted`, or the tag of the error",
      unit: "reqps",
      isStacked: true,
      queries: [[rate("requests", "outcome"), named("outcome")]]
    }),
    lines({
      title: "Duration of calls",
      about: "With all attempts and waits; of streams, until their end",
      unit: "s",
      queries: [0.5, 0.95, 0.99].map((part) => [quantile(part, "operationDuration"), `p${part * 100}`] as const)
    })
  ]
}

const streams: Row = {
  title: "Streams",
  panels: [
    lines({
      title: "Time to the first token",
      about: "From an attempt to the first content of its stream",
      unit: "s",
      queries: [0.5, 0.95, 0.99].map(
        (part) =>
          [quantile(part, "timeToFirstChunk", "requestModel"), `p${part * 100} ${named("requestModel")}`] as const
      )
    }),
    lines({
      title: "Time between chunks",
      about: "Between reads that brought content",
      unit: "s",
      queries: [0.5, 0.99].map((part) => [quantile(part, "timePerOutputChunk"), `p${part * 100}`] as const)
    }),
    lines({
      title: "Tokens a second",
      about: "That one stream generates",
      unit: "none",
      queries: [
        [quantile(0.5, "outputRate", "requestModel"), `p50 ${named("requestModel")}`],
        [quantile(0.05, "outputRate", "requestModel"), `p5 ${named("requestModel")}`]
      ]
    }),
    lines({
      title: "How streams end",
      about: "`complete`, `failed` before and `broken` after the first content, or `left` by their consumers",
      unit: "reqps",
      isStacked: true,
      queries: [[rate("streamEnds", "streamEnd"), named("streamEnd")]]
    })
  ]
}

const attempts: Row = {
  title: "Attempts and retries",
  panels: [
    lines({
      title: "Attempts by outcome",
      about: "Each time that a host was asked",
      unit: "reqps",
      isStacked: true,
      queries: [[rate("attempts", "host", "outcome"), named("host", "outcome")]]
    }),
    lines({
      title: "Retries by cause",
      about: "Attempts that followed a failed one, by its error",
      unit: "reqps",
      isStacked: true,
      queries: [[rate("retries", "errorType"), named("errorType")]]
    }),
    lines({
      title: "Retry budget",
      about: "What is left; at zero nothing is retried",
      unit: "none",
      queries: [
        [now("retryBudgetLeft"), "left"],
        [now("retryBudgetCapacity"), "capacity"]
      ]
    }),
    lines({
      title: "Attempts a call",
      about: "One where nothing fails",
      unit: "none",
      queries: [[`${rate("attempts")} / ${rate("requests")}`, "attempts"]]
    })
  ]
}

const limits: Row = {
  title: "Limits and circuits",
  panels: [
    lines({
      title: "Waiting for the account's limits",
      about: "Time until an attempt is admitted",
      unit: "s",
      queries: [
        [quantile(0.5, "admissionWait", "account"), `p50 ${named("account")}`],
        [quantile(0.99, "admissionWait", "account"), `p99 ${named("account")}`],
        [mean("admissionWait", "account"), `mean ${named("account")}`]
      ]
    }),
    lines({
      title: "In flight and waiting",
      about: "Attempts that run, and that wait for the account's limits",
      unit: "none",
      queries: [
        [now("admissionInFlight", "account"), `in flight ${named("account")}`],
        [now("admissionQueue", "account"), `waiting ${named("account")}`]
      ]
    }),
    lines({
      title: "State of circuits",
      about: "1 in the state that a circuit is in",
      unit: "none",
      queries: [[`${highest("breakerCircuits", "circuit", "circuitState")} > 0`, named("circuit", "circuitState")]]
    }),
    lines({
      title: "Circuits change and refuse",
      about: "Transitions by the new state, and attempts that were not made",
      unit: "reqps",
      queries: [
        [rate("breakerTransitions", "circuitState"), `to ${named("circuitState")}`],
        [rate("breakerRejections", "requestModel"), `refused ${named("requestModel")}`]
      ]
    })
  ]
}

const cache: Row = {
  title: "Cache",
  panels: [
    lines({
      title: "Answers by level",
      about: "`none` where the host was asked",
      unit: "reqps",
      isStacked: true,
      queries: [[rate("cacheRequests", "cacheLevel"), named("cacheLevel")]]
    }),
    lines({
      title: "Hit rate of lookups",
      about: "Since the start of each process",
      unit: "percentunit",
      queries: [[highest("cacheHitRatio", "cacheLevel"), named("cacheLevel")]]
    }),
    lines({
      title: "Memory of the cache",
      about: "What the answers take",
      unit: "bytes",
      queries: [[now("cacheSize"), "bytes"]]
    }),
    lines({
      title: "Answers in memory",
      about: "Of all processes",
      unit: "none",
      queries: [[now("cacheEntries"), "answers"]]
    })
  ]
}

const tokens: Row = {
  title: "Tokens",
  panels: [
    lines({
      title: "Tokens by kind",
      about: "That are charged for, those of failed and abandoned attempts included",
      unit: "none",
      queries: [[rate("tokens", "tokenType"), named("tokenType")]]
    }),
    lines({
      title: "Tokens that are estimated",
      about: "Because the host did not say; they should be few",
      unit: "none",
      isStacked: true,
      queries: [[rate("tokens", "isEstimate", "requestModel"), `estimated ${named("isEstimate", "requestModel")}`]]
    }),
    lines({
      title: "Tokens of an attempt",
      about: "As the host counted them, on average",
      unit: "none",
      queries: [[mean("tokenUsage", "tokenType", "requestModel"), named("tokenType", "requestModel")]]
    })
  ]
}

const money: Row = {
  title: "Money",
  panels: [
    lines({
      title: "Cost an hour by model",
      about: "At the rate of now",
      unit: "none",
      isStacked: true,
      queries: [[perHour("cost", "currency", "requestModel"), named("requestModel", "currency")]]
    }),
    lines({
      title: "Cost an hour by tenant, job and agent",
      about: "At the rate of now",
      unit: "none",
      isStacked: true,
      queries: [[perHour("cost", "currency", "tenant", "job", "agent"), named("tenant", "job", "agent", "currency")]]
    }),
    lines({
      title: "Saved an hour",
      about: "What would have been paid more without the host's prefix cache and without ours",
      unit: "none",
      isStacked: true,
      queries: [[perHour("savings", "currency", "savingsSource"), named("savingsSource", "currency")]]
    }),
    lines({
      title: "Attempts without a known price",
      about: "They are in no cost",
      unit: "reqps",
      queries: [[rate("unpriced", "requestModel"), named("requestModel")]]
    }),
    lines({
      title: "Budgets: spent and reserved",
      about: "Against what may be spent",
      unit: "none",
      queries: [
        [highest("budgetSpent", "scope", "currency"), `spent ${named("scope", "currency")}`],
        [highest("budgetReserved", "scope", "currency"), `reserved ${named("scope", "currency")}`],
        [highest("budgetLimit", "scope", "currency"), `limit ${named("scope", "currency")}`]
      ]
    }),
    lines({
      title: "Budgets: left",
      about: "What may still be reserved",
      unit: "none",
      queries: [[lowest("budgetLeft", "scope", "currency"), named("scope", "currency")]]
    })
  ]
}

/** The rows of the dashboard, from the top. */
export const rows: ReadonlyArray<Row> = [overview, streams, attempts, limits, cache, tokens, money]
