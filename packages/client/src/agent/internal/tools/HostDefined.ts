/** Marks tools whose definition comes from the host that receives it. */
import * as Context from "effect/Context"

/** The parameters of such a tool are sent as they are. */
export const HostDefined = Context.Reference<boolean>("@kimi-effect/client/agent/internal/tools/HostDefined", {
  defaultValue: () => false
})
