/** The values of flags, whose messages describe what is expected and not how it is decoded. */
import type * as Primitive from "effect/cli/Primitive"
import * as Effect from "effect/Effect"

/** The same values. One that is none fails with what is expected. */
export const describedPrimitive = <A>(primitive: Primitive.Primitive<A>, expected: string): Primitive.Primitive<A> =>
  Object.assign(Object.create(Object.getPrototypeOf(primitive)), primitive, {
    parse: (text: string) => Effect.mapError(primitive.parse(text), () => expected)
  })
