/** The JSON of `kimi batch`. */
import * as Schema from "effect/Schema"

const counts = {
  answered: Schema.Finite,
  failed: Schema.Finite,
  failedByTag: Schema.Record(Schema.String, Schema.Finite).annotate({
    description: "Failed rows by the tags of their errors"
  }),
  cost: Schema.Struct({
    USD: Schema.optionalKey(Schema.Finite),
    CNY: Schema.optionalKey(Schema.Finite)
  }).annotate({ description: "By currency: the numbers nearest to the exact sums" })
}

/** The batch of a job at the host. */
export const BatchAtHost = Schema.Struct({
  batchId: Schema.NullOr(Schema.String).annotate({ description: "Null before the batch was created" }),
  status: Schema.NullOr(Schema.String).annotate({ description: "The last status of the host that is known" }),
  model: Schema.NullOr(Schema.String).annotate({
    description: "Null of a batch by its id: the host does not report it"
  }),
  rows: Schema.NullOr(Schema.Finite).annotate({
    description:
      "Rows of the batch; null if not known, as of one by its id that the host has not read or does not count"
  }),
  completed: Schema.NullOr(Schema.Finite).annotate({
    description: "Rows that the host had answered with this status; null if not known"
  }),
  failed: Schema.NullOr(Schema.Finite).annotate({
    description: "Rows that the host had failed with this status; null if not known"
  })
})

/** The batch that a job has forgotten. */
export const BatchForgotten = Schema.Struct({
  ...BatchAtHost.fields,
  otherBatchId: Schema.optionalKey(Schema.String).annotate({
    description: "A second batch, forgotten too, where the records of the job named two"
  })
})

export type BatchForgotten = typeof BatchForgotten.Type

export const BatchList = Schema.Array(BatchAtHost).annotate({
  description: "The newest batches of the account, at most 100"
})

export type BatchAtHost = typeof BatchAtHost.Type

const host = { host: Schema.optionalKey(BatchAtHost).annotate({ description: "The last batch at the host, if any" }) }

export const BatchStatus = Schema.Struct({
  ...counts,
  state: Schema.Literals(["running", "interrupted", "stopped", "finished", "at host", "unknown"]).annotate({
    description:
      "running in another process; interrupted by a kill and stopped are continued by the same kimi batch run; unknown of an output whose record of a job is damaged, or that has none, such as one of --shared"
  }),
  total: Schema.NullOr(Schema.Finite).annotate({
    description: "Rows of the input; null if no run has read it to its end"
  }),
  rejected: Schema.NullOr(Schema.Finite).annotate({
    description: "Lines of the input that are no rows, of those that the last run has read; null if not known"
  }),
  ...host
})

export type BatchStatus = typeof BatchStatus.Type

export const BatchRun = Schema.Struct({
  ...counts,
  ...host,
  mode: Schema.optionalKey(Schema.Literals(["local", "host"])).annotate({
    description: "Where the rows ran, with --mode"
  }),
  reason: Schema.optionalKey(Schema.String).annotate({ description: "Why they ran there" }),
  unanswered: Schema.optionalKey(Schema.Finite).annotate({ description: "Rows that the host did not run" }),
  surplus: Schema.optionalKey(
    Schema.Struct({
      malformed: Schema.Finite.annotate({ description: "Lines that are no results" }),
      duplicates: Schema.Finite.annotate({ description: "Results of a row that has one" }),
      unknown: Schema.Finite.annotate({ description: "Results of no row" })
    })
  ).annotate({ description: "Lines of the results of the host that no row has, if there are any" }),
  rejected: Schema.Finite.annotate({ description: "Lines of the input that are no rows" }),
  duplicateIds: Schema.Finite.annotate({
    description: "Rows with an id that another row has: only the line of their answers differs"
  }),
  resumed: Schema.Finite.annotate({ description: "Rows that were done before this run" }),
  stopped: Schema.NullOr(Schema.Literals(["ErrorRate", "Cost", "Deadline", "Error"])).annotate({
    description: "Why the batch ended before its last row"
  })
})

export type BatchRun = typeof BatchRun.Type

export const BatchFailed = Schema.Array(
  Schema.Struct({
    id: Schema.String,
    line: Schema.Finite.annotate({ description: "The line of the input" }),
    attempts: Schema.Finite.annotate({ description: "Requests to the host" }),
    tag: Schema.String.annotate({ description: "The tag of its error, for --rerun" }),
    message: Schema.String,
    hint: Schema.String
  })
)

export type BatchFailed = typeof BatchFailed.Type

export const BatchRepair = Schema.Struct({
  rows: Schema.Finite.annotate({ description: "Rows that the new output has" }),
  leftOut: Schema.Finite.annotate({
    description: "Whole rows that it does not have, of a run whose input was changed meanwhile"
  }),
  lost: Schema.Struct({
    rows: Schema.Finite.annotate({
      description: "Rows that are missing, at least, by the record of the job; 0 without one"
    }),
    places: Schema.Finite.annotate({
      description: "Lines that are no whole row, and members of a compressed output that cannot be decompressed"
    }),
    bytes: Schema.Finite.annotate({ description: "Bytes of these places" })
  }),
  hasRecord: Schema.Boolean.annotate({
    description: "Whether the job continues at once; without its record, the error of kimi batch run replaces it"
  })
})

export type BatchRepair = typeof BatchRepair.Type

export const BatchShared = Schema.Struct({
  done: Schema.Finite.annotate({ description: "Rows with a result" }),
  rejected: Schema.Finite.annotate({ description: "Lines of the input that are no rows" }),
  lines: Schema.Finite.annotate({ description: "Lines of the input" }),
  ranges: Schema.Struct({ waiting: Schema.Finite, leased: Schema.Finite, completed: Schema.Finite }).annotate({
    description: "Ranges of rows by their state"
  }),
  isComplete: Schema.Boolean,
  isCancelled: Schema.Boolean,
  own: Schema.optionalKey(Schema.Struct({ done: Schema.Finite, failed: Schema.Finite, cost: counts.cost })).annotate({
    description: "What this process has done, if it took part"
  }),
  written: Schema.NullOr(Schema.Struct({ ...counts, rejected: Schema.Finite })).annotate({
    description: "What the output has, when it was written"
  })
})

export type BatchShared = typeof BatchShared.Type
