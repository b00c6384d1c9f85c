/** What the numbers, times and amounts of flags must be. Others are usage errors, before anything is read or sent. */
import * as Duration from "effect/Duration"
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import * as Param from "effect/cli/Param"
import * as Primitive from "effect/cli/Primitive"
import { describedPrimitive } from "./describedPrimitive.ts"

const int = describedPrimitive(Primitive.Int, "a whole number")
const finite = describedPrimitive(Primitive.Finite, "a number")

export const wholeNumber = (name: string) =>
  Param.makeSingle({ kind: Param.flagKind, name, primitiveType: int, typeName: "integer" })

export const number = (name: string) =>
  Param.makeSingle({ kind: Param.flagKind, name, primitiveType: finite, typeName: "number" })

export const positive = Flag.filter(
  (count: number) => count > 0,
  () => "a whole number over zero"
)

/** A part of all. */
export const share = Flag.filter(
  (part: number) => part > 0 && part <= 1,
  () => "a share over 0, up to 1"
)

/** An amount of money as a decimal. */
export interface Amount {
  readonly amount: string
  readonly currency: "USD" | "CNY"
}

const amountForm = /^(?=.*[1-9])(\d{1,7}(?:\.\d{1,9})?)\s*(USD|CNY)$/

export const amount = Flag.filterMap(
  (text: string): Option.Option<Amount> => {
    const [, amount, currency] = amountForm.exec(text.trim()) ?? []
    return amount === undefined ? Option.none() : Option.some({ amount, currency: currency as Amount["currency"] })
  },
  () => 'an amount over zero with its currency, such as "5 USD" or "0.50 CNY"'
)

const isFinite = (time: Duration.Duration): boolean => Number.isFinite(Duration.toMillis(time))

const duration = (isMet: (time: Duration.Duration) => boolean, expected: string) =>
  Flag.filterMap(
    (text: string) =>
      Option.filter(Duration.fromInput(text as Duration.Input), (time) => isFinite(time) && isMet(time)),
    () => expected
  )

/** A time in which something happens. */
export const time = duration((time) => Duration.toMillis(time) >= 1, 'a duration over zero, such as "2 days"')

/** A time that may be none. */
export const delay = duration((time) => Duration.toMillis(time) >= 0, 'a duration, such as "200 millis"')

export const port = Flag.filter(
  (number: number) => number >= 0 && number < 65_536,
  () => "a port from 0 to 65535"
)
