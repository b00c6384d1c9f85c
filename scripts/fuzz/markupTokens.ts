/** The markup of the model, which mutations insert in texts. */
export const markupTokens: ReadonlyArray<string> = [
  "<think>",
  "</think>",
  "<|tool_calls_section_begin|>",
  "<|tool_call_begin|>functions.f:0",
  "<|tool_call_argument_begin|>{}",
  "<|tool_call_end|>",
  "<|tool_calls_section_end|>"
]
