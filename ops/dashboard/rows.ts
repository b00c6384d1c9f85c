/** What the dashboard shows, row by row. */
import type { Builder } from "@grafana/grafana-foundation-sdk/cog"
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard"
import { stat, timeSeries } from "./panels.ts"
import { max, label, min, mean, current, perHour, quantile, rate, ratio, matching } from "./series.ts"

export interface Row {
  readonly title: string
  readonly panels: ReadonlyArray<Builder<Panel>>
}

const legend = (...labels: ReadonlyArray<Parameters<typeof label>[0]>): string =>
  labels.map((name) => `{{${label(name)}}}`).join(" ")

const overview: Row = {
  title: "Overview",
  panels: [
    stat({
      title: "Calls that succeed",
      description: "Calls that ended well, of all that ended",
      unit: "percentunit",
      queries: [[ratio("requests", "outcome", "ok"), "succeed"]],
      thresholds: [0.999, 0.99]
    }),
    stat({
      title: "Calls",
      description: "Calls that end in a second",
      unit: "reqps",
      queries: [[rate("requests"), "calls"]]
    }),
    stat({
      title: "First token, p95",
      description: "95 of 100 streams have their first content within this time",
      unit: "s",
      queries: [[quantile(0.95, "timeToFirstChunk"), "p95"]]
    }),
    stat({
      title: "Open circuits",
      description: "Circuits that let nothing through",
      unit: "none",
      queries: [[matching("breakerCircuits", "circuitState", "open|isolated"), "open"]],
      thresholds: [1, 2]
    }),
    stat({
      title: "Cost an hour",
      description: "What attempts cost, at the rate of now",
      unit: "none",
      queries: [[perHour("cost", "currency"), legend("currency")]]
    }),
    stat({
      title: "Answers from the cache",
      description: "Calls that the host was not asked for, of those that were answered",
      unit: "percentunit",
      queries: [[ratio("cacheRequests", "cacheLevel", "memory|store|flight"), "cached"]]
    }),
    timeSeries({
      title: "Calls by outcome",
      description: "`ok`, `interrupted`, or the tag of the error",
      unit: "reqps",
      isStacked: true,
      queries: [[rate("requests", "outcome"), legend("outcome")]]
    }),
    timeSeries({
      title: "Duration of calls",
      description: "With all attempts and waits; of streams, until their end",
      unit: "s",
      queries: [0.5, 0.95, 0.99].map((part) => [quantile(part, "operationDuration"), `p${part * 100}`] as const)
    })
  ]
}

const streams: Row = {
  title: "Streams",
  panels: [
    timeSeries({
      title: "Time to the first token",
      description: "From an attempt to the first content of its stream",
      unit: "s",
      queries: [0.5, 0.95, 0.99].map(
        (part) =>
          [quantile(part, "timeToFirstChunk", "requestModel"), `p${part * 100} ${legend("requestModel")}`] as const
      )
    }),
    timeSeries({
      title: "Time between chunks",
      description: "Between reads that brought content",
      unit: "s",
      queries: [0.5, 0.99].map((part) => [quantile(part, "timePerOutputChunk"), `p${part * 100}`] as const)
    }),
    timeSeries({
      title: "Tokens a second",
      description: "That one stream generates",
      unit: "none",
      queries: [
        [quantile(0.5, "outputRate", "requestModel"), `p50 ${legend("requestModel")}`],
        [quantile(0.05, "outputRate", "requestModel"), `p5 ${legend("requestModel")}`]
      ]
    }),
    timeSeries({
      title: "How streams end",
      description: "`complete`, `failed` before and `broken` after the first content, or `left` by their consumers",
      unit: "reqps",
      isStacked: true,
      queries: [[rate("streamEnds", "streamEnd"), legend("streamEnd")]]
    })
  ]
}

const attempts: Row = {
  title: "Attempts and retries",
  panels: [
    timeSeries({
      title: "Attempts by outcome",
      description: "Each time that a host was asked",
      unit: "reqps",
      isStacked: true,
      queries: [[rate("attempts", "host", "outcome"), legend("host", "outcome")]]
    }),
    timeSeries({
      title: "Retries by cause",
      description: "Attempts that followed a failed one, by its error",
      unit: "reqps",
      isStacked: true,
      queries: [[rate("retries", "errorType"), legend("errorType")]]
    }),
    timeSeries({
      title: "Retry budget",
      description: "What is left; at zero nothing is retried",
      unit: "none",
      queries: [
        [current("retryBudgetLeft"), "left"],
        [current("retryBudgetCapacity"), "capacity"]
      ]
    }),
    timeSeries({
      title: "Attempts a call",
      description: "One where nothing fails",
      unit: "none",
      queries: [[`${rate("attempts")} / ${rate("requests")}`, "attempts"]]
    }),
    timeSeries({
      title: "Duration of stages, p95",
      description: "Stages that users inserted or replaced, with everything inside them; empty without any",
      unit: "s",
      queries: [[quantile(0.95, "stageDuration", "stageName"), legend("stageName")]]
    })
  ]
}

const limits: Row = {
  title: "Limits and circuits",
  panels: [
    timeSeries({
      title: "Waiting for the account's limits",
      description: "Time until an attempt is admitted",
      unit: "s",
      queries: [
        [quantile(0.5, "admissionWait", "account"), `p50 ${legend("account")}`],
        [quantile(0.99, "admissionWait", "account"), `p99 ${legend("account")}`],
        [mean("admissionWait", "account"), `mean ${legend("account")}`]
      ]
    }),
    timeSeries({
      title: "In flight and waiting",
      description: "Attempts that run, and that wait for the account's limits",
      unit: "none",
      queries: [
        [current("admissionInFlight", "account"), `in flight ${legend("account")}`],
        [current("admissionQueue", "account"), `waiting ${legend("account")}`]
      ]
    }),
    timeSeries({
      title: "State of circuits",
      description: "1 in the state that a circuit is in",
      unit: "none",
      queries: [[`${max("breakerCircuits", "circuit", "circuitState")} > 0`, legend("circuit", "circuitState")]]
    }),
    timeSeries({
      title: "Circuits change and refuse",
      description: "Transitions by the new state, and attempts that were not made",
      unit: "reqps",
      queries: [
        [rate("breakerTransitions", "circuitState"), `to ${legend("circuitState")}`],
        [rate("breakerRejections", "requestModel"), `refused ${legend("requestModel")}`]
      ]
    })
  ]
}

const cache: Row = {
  title: "Cache",
  panels: [
    timeSeries({
      title: "Answers by level",
      description: "`none` where the host was asked",
      unit: "reqps",
      isStacked: true,
      queries: [[rate("cacheRequests", "cacheLevel"), legend("cacheLevel")]]
    }),
    timeSeries({
      title: "Hit rate of lookups",
      description: "Since the start of each process",
      unit: "percentunit",
      queries: [[max("cacheHitRatio", "cacheLevel"), legend("cacheLevel")]]
    }),
    timeSeries({
      title: "Memory of the cache",
      description: "What the answers take",
      unit: "bytes",
      queries: [[current("cacheSize"), "bytes"]]
    }),
    timeSeries({
      title: "Answers in memory",
      description: "Of all processes",
      unit: "none",
      queries: [[current("cacheEntries"), "answers"]]
    })
  ]
}

const tokens: Row = {
  title: "Tokens",
  panels: [
    timeSeries({
      title: "Tokens by kind",
      description: "That are charged for, those of failed and abandoned attempts included",
      unit: "none",
      queries: [[rate("tokens", "tokenType"), legend("tokenType")]]
    }),
    timeSeries({
      title: "Tokens that are estimated",
      description: "Because the host did not say; they should be few",
      unit: "none",
      isStacked: true,
      queries: [[rate("tokens", "isEstimate", "requestModel"), `estimated ${legend("isEstimate", "requestModel")}`]]
    }),
    timeSeries({
      title: "Tokens of an attempt",
      description: "As the host counted them, on average",
      unit: "none",
      queries: [[mean("tokenUsage", "tokenType", "requestModel"), legend("tokenType", "requestModel")]]
    })
  ]
}

const money: Row = {
  title: "Money",
  panels: [
    timeSeries({
      title: "Cost an hour by model",
      description: "At the rate of now",
      unit: "none",
      isStacked: true,
      queries: [[perHour("cost", "currency", "requestModel"), legend("requestModel", "currency")]]
    }),
    timeSeries({
      title: "Cost an hour by tenant, job and agent",
      description: "At the rate of now",
      unit: "none",
      isStacked: true,
      queries: [[perHour("cost", "currency", "tenant", "job", "agent"), legend("tenant", "job", "agent", "currency")]]
    }),
    timeSeries({
      title: "Saved an hour",
      description: "What would have been paid more without the host's prefix cache and without ours",
      unit: "none",
      isStacked: true,
      queries: [[perHour("savings", "currency", "savingsSource"), legend("savingsSource", "currency")]]
    }),
    timeSeries({
      title: "Attempts without a known price",
      description: "They are in no cost",
      unit: "reqps",
      queries: [[rate("unpriced", "requestModel"), legend("requestModel")]]
    }),
    timeSeries({
      title: "Budgets: spent and reserved",
      description: "Against what may be spent",
      unit: "none",
      queries: [
        [max("budgetSpent", "scope", "currency"), `spent ${legend("scope", "currency")}`],
        [max("budgetReserved", "scope", "currency"), `reserved ${legend("scope", "currency")}`],
        [max("budgetLimit", "scope", "currency"), `limit ${legend("scope", "currency")}`]
      ]
    }),
    timeSeries({
      title: "Budgets: left",
      description: "What may still be reserved",
      unit: "none",
      queries: [[min("budgetLeft", "scope", "currency"), legend("scope", "currency")]]
    })
  ]
}

/** The rows of the dashboard, from the top. */
export const rows: ReadonlyArray<Row> = [overview, streams, attempts, limits, cache, tokens, money]
