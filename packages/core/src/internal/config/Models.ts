/**
 * Options of the model and of the check of requests.
 *
 * @since 0.1.0
 */
import { inGroup } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"

const option = inGroup("models", "in place")

/**
 * @category options
 * @since 0.1.0
 */
export const models = {
  model: option(OptionForm.modelId, {
    defaultText: "the host's default, `kimi-k3` at Moonshot",
    description: "Model of requests that name none."
  }),
  requestPolicy: option(OptionForm.words(["reject", "repair"]), {
    default: "reject",
    description: "What to do with a request that the model would refuse: fail, or change it and log the change."
  })
}
