/**
 * Options of the model and of the check of requests.
 *
 * @since 0.1.0
 */
import { inGroup, type Texts } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"

const option = inGroup("models", "in place")

/**
 * @category options
 * @since 0.1.0
 */
export const models = {
  model: option(OptionForm.modelId),
  requestPolicy: option(OptionForm.words(["reject", "repair"]), {
    default: "reject"
  }),
  markup: option(OptionForm.words(["parse", "fail", "keep"]), {
    default: "parse"
  })
}

/**
 * @category options
 * @since 0.1.0
 */
export const modelsTexts: Texts<keyof typeof models> = {
  model: {
    defaultText: "the host's default, `kimi-k3` at Moonshot",
    description: "Model for requests that do not name one."
  },
  requestPolicy: {
    description: "How to handle a request that the model would reject: fail, or change it and log the change."
  },
  markup: {
    description:
      "What to do with markup of the model (`<|tool_calls_section_begin|>`, `<think>`) that a host leaves in the text: read it as tool calls and reasoning, fail with `MalformedOutputError`, or keep it as text. At Moonshot, which parses it, only complete markup in its own place counts."
  }
}
