package app.manyhands.stream

import app.manyhands.core.Framing
import app.manyhands.core.Join
import kotlinx.coroutines.launch
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import java.io.File
import java.util.concurrent.atomic.AtomicLong

/**
 * The Swift kit at one end, this library at the other, for MANYHANDS_SHELLS_SECONDS (600): each process
 * looks at itself, and takes no more at the end than in the middle. `ci/soak` runs it.
 */
@RunWith(RobolectricTestRunner::class)
class OtherShellSoak {
    @get:Rule
    val folder = TemporaryFolder()

    private val file get() = File(folder.root, "film.mp4")

    @Test
    fun `Kotlin's encoders push, Swift's decoders pull`() {
        val film = Film.make(file, FILM_S)
        Broadcasting.goLive(goLive(film)).use { broadcasting ->
            Program(folder.root, SWIFT, "follow", broadcasting.link).use { swift ->
                swift.awaitLine("meeting") { it == "joined" }
                hold(file) { launch { play(broadcasting, film, over = LENGTH + SPARE) } }
                swift.awaitEnd()
            }
        }
    }

    @Test
    fun `Swift's encoders push, Kotlin's decoders pull`() {
        Film.make(file, 1)
        val units = AtomicLong()
        Program(folder.root, SWIFT, "play").use { swift ->
            val link = swift.awaitLine("link") { it.startsWith(LINK) }.removePrefix(LINK)
            Watching.join(Join(link, Framing.START_CODES, listen = LOOPBACK)).use { watching ->
                hold(file) { launch { count(watching, units) } }
                swift.awaitEnd()
            }
        }
        assertNearlyAll(units)
    }

    private companion object {
        const val LINK = "link "
        val SWIFT: String = checkNotNull(System.getProperty("manyhands.swift")) { "ci/lib/shells-soak runs this" }
    }
}
