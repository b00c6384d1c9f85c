/** Responses whose members are decoded already: the constructor of a `Schema.Class` reads each of them again, even with `disableChecks`. */
import { ChatResponse } from "../ChatResponse.ts"

/** A response with these members, which are neither checked nor copied. */
export const make = (members: ConstructorParameters<typeof ChatResponse>[0]): ChatResponse =>
  Object.assign(Object.create(ChatResponse.prototype), members)
