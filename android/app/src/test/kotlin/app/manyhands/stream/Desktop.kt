package app.manyhands.stream

import org.json.JSONObject
import java.io.File
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** Nothing here takes longer on any machine that works. */
const val PATIENCE_S = 60L

/** The desktop's program, and the events that it tells. */
class Desktop(
    folder: File,
    vararg arguments: String,
) : AutoCloseable {
    private val errors = File.createTempFile("desktop", ".txt", folder)
    private val events = LinkedBlockingQueue<JSONObject>()
    private val process = start(folder, arguments)

    private fun start(
        folder: File,
        arguments: Array<out String>,
    ): Process {
        val own = listOf("--json", "--listen", "127.0.0.1:0", "--state-dir", File(folder, "state-${arguments[0]}").path)
        val program = System.getProperty("manyhands.program")
        val process = ProcessBuilder(listOf(program) + arguments + own).redirectError(errors).start()
        thread(isDaemon = true) {
            process.inputStream.bufferedReader().forEachLine { events.add(JSONObject(it)) }
        }
        return process
    }

    /** Waits for an event of this name. */
    fun awaitEvent(name: String): JSONObject {
        while (true) {
            val event = events.poll(PATIENCE_S, TimeUnit.SECONDS)
            checkNotNull(event) { "no $name: ${errors.readText()}" }
            if (event.getString("event") == name) return event
        }
    }

    /** Waits until it has ended in good order. */
    fun awaitEnd() {
        check(process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) { "it does not end: ${errors.readText()}" }
        check(process.exitValue() == 0) { "it ended with ${process.exitValue()}: ${errors.readText()}" }
    }

    override fun close() {
        process.destroyForcibly().waitFor()
    }
}
