/**
 * Options of telemetry and logs.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as LogLevel from "effect/LogLevel"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { inGroup, type Texts } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"

const capitalized = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1).toLowerCase()}`

const levelWords = LogLevel.values.map((level) => level.toLowerCase())

/** Effect's own names, in any case in a source. */
const logLevel: OptionForm.OptionForm<LogLevel.LogLevel> = {
  ...OptionForm.fromCodec(
    Schema.String.pipe(
      Schema.decodeTo(
        Schema.Literals(LogLevel.values),
        SchemaTransformation.transform({
          decode: (text) => capitalized(text) as LogLevel.LogLevel,
          encode: (level): string => level
        })
      )
    ),
    "all, trace, debug, info, warn, error, fatal or none",
    (level) => level.toLowerCase()
  ),
  words: levelWords
}

const formats = ["json", "pretty", "auto"] as const

/** In any case in a source. */
const logFormat = OptionForm.fromCodec(
  Schema.String.pipe(
    Schema.decodeTo(
      Schema.Literals(formats),
      SchemaTransformation.transform({
        decode: (text) => text.toLowerCase() as (typeof formats)[number],
        encode: (format): string => format
      })
    )
  ),
  "json, pretty or auto"
)

const traced = inGroup("telemetry", "restart")

/**
 * @category options
 * @since 0.1.0
 */
export const telemetry = {
  telemetry: traced(OptionForm.toggle, {
    default: false
  }),
  telemetryContent: traced(OptionForm.toggle, {
    default: false
  }),
  telemetryContentLength: traced(OptionForm.count, {
    default: 8_192
  }),
  telemetryInterval: traced(OptionForm.millisecondDuration, {
    default: Duration.seconds(10)
  }),
  telemetryMaxLabelValues: traced(OptionForm.count, {
    default: 100
  }),
  telemetryMaxSeries: traced(OptionForm.count, {
    default: 1_000
  })
}

/**
 * @category options
 * @since 0.1.0
 */
export const telemetryTexts: Texts<keyof typeof telemetry> = {
  telemetry: { description: "Whether calls are measured and traced. `callLog` and `auditLog` also enable it." },
  telemetryContent: {
    description: "Whether spans contain prompts and responses, in which only keys and tokens are redacted."
  },
  telemetryContentLength: {
    description: "Maximum number of characters of a conversation on a span, counted from its end, and of its responses."
  },
  telemetryInterval: { description: "Interval at which metrics of state, such as queues and circuits, are updated." },
  telemetryMaxLabelValues: {
    description: "Maximum number of values of each open label, such as model or tenant, in metrics."
  },
  telemetryMaxSeries: { description: "Maximum number of label sets of each metric." }
}

const logged = inGroup("logging", "restart")

/**
 * @category options
 * @since 0.1.0
 */
export const logging = {
  logLevel: logged(logLevel, {
    reload: "in place"
  }),
  logFormat: logged(logFormat, {
    default: "auto"
  }),
  callLog: logged(OptionForm.toggle, { default: false }),
  callLogSample: logged(OptionForm.count, {
    default: 1
  }),
  auditLog: logged(OptionForm.path),
  auditDurability: logged(OptionForm.words(["batched", "written", "synced"]), {
    default: "batched"
  })
}

/**
 * @category options
 * @since 0.1.0
 */
export const loggingTexts: Texts<keyof typeof logging> = {
  logLevel: {
    defaultText: "the program's; `info` in `Logging.layer`",
    description: "Minimum level of the lines that calls log and that `Logging.layer` writes."
  },
  logFormat: {
    description:
      "Format of the lines that `Logging.layer` writes: `auto` is `pretty` in a terminal and `json` elsewhere. The client sets no logger."
  },
  callLog: { description: "Whether a line is logged for every call." },
  callLogSample: { description: "Logs one in N successful calls, chosen at random. Failed calls are always logged." },
  auditLog: {
    description:
      "Path of a file to which a line is written for every call: who, when, model, outcome and cost. Node only."
  },
  auditDurability: {
    description: "When a line of the audit is durable: within 200 milliseconds, when written, or when on disk."
  }
}
