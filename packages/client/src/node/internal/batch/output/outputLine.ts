/**
 * One line of the output of a job. What resuming needs comes first, in one fixed
 * form, so that it is read without parsing the rest.
 */
import type { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import { codec } from "@kimi-effect/core/KimiError"
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { BatchResponse } from "../../../../batch/BatchResponse.ts"

export interface LineHead {
  /** The id as it is in the line: JSON, of which a file that is read byte by byte has a letter for each byte. */
  readonly idText: string
  readonly line: number
  /** The tag of its error; absent when the row was answered. */
  readonly tag: string | undefined
  readonly currency: "USD" | "CNY" | undefined
  readonly cost: BigDecimal.BigDecimal
}

const encodeError = Schema.encodeUnknownSync(codec)

const costOf = ({ cost }: BatchResponse<unknown>): string =>
  Option.match(cost, {
    onNone: () => "null",
    onSome: ({ currency, total }) => `{"${currency}":"${BigDecimal.format(BigDecimal.normalize(total))}"}`
  })

/** With its newline. The value is written only if a schema made it; the text is in the response. */
export const encodeLine = (outcome: BatchResponse<unknown>, hasValue: boolean): string => {
  const { attempts, id, isCached, line } = outcome
  const tag = outcome._tag === "Failed" ? `"${outcome.error._tag}"` : "null"
  const head = `{"id":${JSON.stringify(id)},"line":${line},"error_tag":${tag},"cost":${costOf(outcome)},`
  const rest = { attempts, cached: isCached }
  const body =
    outcome._tag === "Failed"
      ? { ...rest, error: encodeError(outcome.error) }
      : {
          ...rest,
          ...(hasValue ? { value: JSON.parse(outcome.response.text) as unknown } : {}),
          response: outcome.response
        }
  return `${head}${JSON.stringify(body).slice(1)}\n`
}

/** A line of the reject file, with its newline. */
export const encodeReject = ({ id, line, message, parameter }: InvalidBatchRowError): string =>
  `${JSON.stringify({ line, ...(id === undefined ? {} : { id }), reason: message, ...(parameter === undefined ? {} : { parameter }) })}\n`

const pattern =
  /^\{"id":("(?:[^"\\]|\\.)*"),"line":([1-9]\d{0,9}),"error_tag":(?:null|"(\w+)"),"cost":(?:null|\{"(USD|CNY)":"(\d[\d.eE+-]*)"\}),/

const zero = BigDecimal.fromBigInt(0n)

/** The sum of a damaged amount such as 1e999999999 would take all memory. */
const maxScale = 64

/** Undefined of a text that is no amount. */
export const amountOf = (text: string): BigDecimal.BigDecimal | undefined => {
  const amount = Option.getOrUndefined(BigDecimal.fromString(text))
  return amount === undefined || Math.abs(amount.scale) > maxScale ? undefined : amount
}

/** The id of a line that was read byte by byte. Most are of ASCII without escapes. */
export const idOf = ({ idText }: LineHead): string => {
  const text = idText.slice(1, -1)
  if (!/[\\\u0080-\u00ff]/.test(text)) return text
  try {
    return String(JSON.parse(Buffer.from(idText, "latin1").toString("utf8")))
  } catch {
    return text
  }
}

/** One bit is kept for each line up to the last, so that a damaged number must not be any size. */
const maxLine = 2 ** 31 - 1

const headOf = (
  idText: string,
  line: number,
  tag: string | undefined,
  [currency, amount]: readonly [currency?: string | undefined, amount?: string | undefined]
): LineHead | undefined => {
  const cost = amount === undefined ? zero : amountOf(amount)
  return line > maxLine || cost === undefined
    ? undefined
    : { idText, line, tag, currency: currency as LineHead["currency"], cost }
}

const Amount = Schema.String.check(Schema.isPattern(/^\d[\d.eE+-]*$/))

const Head = Schema.Struct({
  id: Schema.String,
  line: Schema.Int.check(Schema.isGreaterThan(0)),
  error_tag: Schema.NullOr(Schema.String.check(Schema.isPattern(/^\w+$/))),
  cost: Schema.NullOr(Schema.Union([Schema.Struct({ USD: Amount }), Schema.Struct({ CNY: Amount })]))
})

const decodeHead = Schema.decodeUnknownOption(Schema.fromJsonString(Head))

/** The head of a line that another program has written again, with spaces or with its members in another order. */
const parseHead = (line: string): LineHead | undefined =>
  Option.getOrUndefined(
    Option.map(decodeHead(line), ({ cost, error_tag: tag, id, line }) =>
      headOf(JSON.stringify(id), line, tag ?? undefined, cost === null ? [] : (Object.entries(cost)[0] ?? []))
    )
  )

/** Undefined if the line is not one of a job. */
export const readHead = (line: string): LineHead | undefined => {
  const found = pattern.exec(line)
  if (found === null) return parseHead(line)
  const [, idText = "", number, tag, currency, amount] = found
  return headOf(idText, Number(number), tag, [currency, amount])
}
