/** The end of a hint where the path of the output is not known. A job of files names its own. */
export const abandonment = "abandon the job with HostBatchJob.abandon"
