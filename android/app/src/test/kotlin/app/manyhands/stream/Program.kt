package app.manyhands.stream

import java.io.File
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** Nothing here takes longer on any machine that works. */
const val PATIENCE_S = 60L

/** A program at the other end, and the lines that it says. */
class Program(
    folder: File,
    vararg command: String,
) : AutoCloseable {
    private val errors = File.createTempFile("program", ".txt", folder)
    private val lines = LinkedBlockingQueue<String>()
    private val process = ProcessBuilder(*command).redirectError(errors).start()

    init {
        thread(isDaemon = true) {
            process.inputStream.bufferedReader().forEachLine(lines::add)
            lines.add(END)
        }
    }

    /** Waits for a line that is one. */
    fun awaitLine(
        what: String,
        isIt: (String) -> Boolean,
    ): String {
        while (true) {
            val line = lines.poll(PATIENCE_S, TimeUnit.SECONDS)
            check(line != null && line != END) { "no $what: ${errors.readText()}" }
            if (isIt(line)) return line
        }
    }

    /** Says a line to it. */
    fun say(line: String) {
        process.outputStream.write("$line\n".encodeToByteArray())
        process.outputStream.flush()
    }

    /** Waits until it has ended in good order. */
    fun awaitEnd() = awaitEnd(0)

    /** Waits until it has failed, and gives what it says of that. */
    fun awaitFailure(): String {
        awaitEnd(1)
        return errors.readText()
    }

    private fun awaitEnd(code: Int) {
        check(process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) { "it does not end: ${errors.readText()}" }
        check(process.exitValue() == code) { "it ended with ${process.exitValue()}: ${errors.readText()}" }
    }

    fun signal(name: String) =
        check(ProcessBuilder("kill", "-$name", "${process.pid()}").start().waitFor() == 0) { "no signal $name" }

    override fun close() {
        process.destroyForcibly().waitFor()
    }

    private companion object {
        /** No line; after the last one. */
        const val END = "\n"
    }
}
