package app.manyhands.stream

import org.json.JSONObject
import java.io.File

/** The desktop's program, and the events that it tells. It ends with this process, however that ends. */
class Desktop(
    folder: File,
    vararg arguments: String,
) : AutoCloseable {
    private val program =
        Program(
            folder,
            System.getProperty("manyhands.program"),
            *arguments,
            "--json",
            "--with-parent",
            "--listen",
            LOOPBACK,
            "--state-dir",
            File(folder, "state-${arguments[0]}").path,
        )

    /** Waits for an event of this name. */
    fun awaitEvent(name: String) = JSONObject(program.awaitLine(name) { JSONObject(it).getString("event") == name })

    /** Waits until it has ended in good order. */
    fun awaitEnd() = program.awaitEnd()

    /** Stands still, as a machine does whose lid is closed. */
    fun stand() = program.signal("STOP")

    /** Goes on where it stood. */
    fun goOn() = program.signal("CONT")

    override fun close() = program.close()
}
