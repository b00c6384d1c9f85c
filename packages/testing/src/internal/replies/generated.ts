/** Completions of what a model answers, for any model. */
import * as ChatResponseBody from "../chatResponseBody.ts"
import { completion, type Completion, type Options } from "./model.ts"

/** A completion that names the model of the request, unless the fields name one. */
export const generated = (fields: ChatResponseBody.ChatResponseFields, options?: Options): Completion => ({
  ...completion(ChatResponseBody.make(fields), options),
  echoesModel: fields.model === undefined
})
