package app.manyhands.stream

import java.io.File

/** What this process takes of the machine at a moment. */
data class Footprint(
    /** What the garbage collector keeps. */
    val heapBytes: Long,
    val residentBytes: Long,
    val threads: Long,
    val handles: Long,
) {
    companion object {
        private const val ROOM_HEAP = 4_000_000L
        private const val ROOM_RESIDENT = 8_000_000L
        private const val ROOM_THREADS = 2L
        private const val ROOM_HANDLES = 4L
        private const val KIB = 1_024L
        private const val QUARTERS = 4

        /** As Linux and the virtual machine tell it. What could be collected is no growth. */
        @Suppress("ExplicitGarbageCollectionCall")
        fun now(): Footprint {
            System.gc()
            val runtime = Runtime.getRuntime()
            val lines = File("/proc/self/status").readLines()
            val number = { name: String -> lines.first { it.startsWith("$name:") }.filter(Char::isDigit).toLong() }
            return Footprint(
                heapBytes = runtime.totalMemory() - runtime.freeMemory(),
                residentBytes = number("VmRSS") * KIB,
                threads = number("Threads"),
                handles = checkNotNull(File("/proc/self/fd").list()).size.toLong(),
            )
        }

        /**
         * What has grown from the first half of the samples to the second, each without its first quarter
         * of the whole, by their medians: caches have to settle. It may be as much as the first of them
         * differ among each other, for those who come and go, and a little more.
         */
        fun growth(samples: List<Footprint>): List<String> {
            val quarter = samples.size / QUARTERS
            val before = samples.subList(quarter, 2 * quarter)
            val after = samples.takeLast(quarter)

            fun grown(
                name: String,
                room: Long,
                of: (Footprint) -> Long,
            ): String? {
                val (first, last) = listOf(before, after).map { it.map(of).sorted()[quarter / 2] }
                val spread = before.maxOf(of) - before.minOf(of)
                return if (last > first + spread + room) "$name grew from $first to $last" else null
            }
            return listOfNotNull(
                grown("heap", ROOM_HEAP) { it.heapBytes },
                grown("resident memory", ROOM_RESIDENT) { it.residentBytes },
                grown("threads", ROOM_THREADS) { it.threads },
                grown("handles", ROOM_HANDLES) { it.handles },
            )
        }
    }
}
