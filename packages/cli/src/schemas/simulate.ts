/** The JSON of `kimi simulate`: the report of a day. Times are milliseconds, those of periods since its start. */
import type { Report } from "@kimi-effect/testing/Report"
import * as Schema from "effect/Schema"

const Count = Schema.Finite

const TagCounts = Schema.Array(
  Schema.Struct({ tag: Schema.String.annotate({ description: "Success or the tag of an error" }), count: Count })
)

const Outcomes = Schema.Struct({ calls: Count, succeeded: Count, successRate: Schema.Finite, byTag: TagCounts })

const Percentiles = Schema.Struct({
  count: Count,
  p50: Schema.Finite,
  p95: Schema.Finite,
  p99: Schema.Finite,
  max: Schema.Finite
})

const Outage = Schema.Struct({
  from: Schema.Finite,
  to: Schema.Finite,
  key: Schema.String,
  attemptsBefore: Count,
  openedAfter: Schema.optionalKey(Schema.Finite),
  attemptsAfter: Count
})

export const Simulation = Schema.Struct({
  seed: Schema.String,
  start: Schema.String.annotate({ description: "ISO 8601" }),
  duration: Schema.Finite,
  stages: Schema.String,
  faults: Schema.Array(
    Schema.Struct({
      kind: Schema.Literals(["Outage", "BrownOut", "RateLimitStorm", "SlowPeriod", "BadConnections"]),
      from: Schema.Finite,
      to: Schema.Finite
    })
  ),
  calls: Outcomes,
  outsideOutages: Outcomes,
  attempts: Schema.Struct({ count: Count, byTag: TagCounts }),
  rateLimited: Schema.Struct({ count: Count, inSteadyState: Count }),
  firstToken: Percentiles,
  total: Percentiles,
  admissionWait: Schema.Struct({ ...Percentiles.fields, waited: Count }),
  breaker: Schema.Struct({
    openings: Count,
    openPeriods: Schema.Array(Schema.Struct({ key: Schema.String, from: Schema.Finite, to: Schema.Finite })),
    outages: Schema.Array(Outage)
  }),
  cost: Schema.Struct({
    currency: Schema.optionalKey(Schema.Literals(["USD", "CNY"])),
    total: Schema.String.annotate({ description: "Decimal, exact" }),
    wasted: Schema.String.annotate({ description: "Decimal, exact: attempts that failed or were interrupted" })
  }),
  limitUsage: Schema.Array(
    Schema.Struct({
      name: Schema.Literals(["concurrency", "requests per minute", "tokens per minute", "tokens per day"]),
      limit: Schema.optionalKey(Schema.Finite),
      peak: Schema.Finite
    })
  ),
  buckets: Schema.Array(
    Schema.Struct({
      from: Schema.Finite,
      calls: Count,
      succeeded: Count,
      attempts: Count,
      rateLimited: Count,
      firstToken: Percentiles,
      total: Percentiles,
      admissionWait: Percentiles,
      cost: Schema.String
    })
  )
}) satisfies Schema.Codec<Report>
