package app.manyhands.stream

import app.manyhands.core.AudioUnit
import app.manyhands.core.Framing
import app.manyhands.core.Join
import app.manyhands.core.VideoUnit
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import java.io.File
import kotlin.experimental.xor

/**
 * The Swift kit at one end, this library at the other, real sockets between them. Only `ci/shells` runs
 * it, since it needs both; `manyhands.swift` starts the kit's program of `ios/Tests/Shell`.
 */
@RunWith(RobolectricTestRunner::class)
class OtherShell {
    @get:Rule
    val folder = TemporaryFolder()

    private lateinit var file: File
    private lateinit var film: Film

    @Before
    fun makeFilm() {
        file = File(folder.root, "film.mp4")
        film = Film.make(file, FILM_S)
    }

    @Test
    fun `what Kotlin's encoders push comes to Swift's decoders as it is`() =
        toSwift(film) { swift ->
            swift.awaitLine("identity") { it == "identical" }
            swift.awaitEnd()
        }

    @Test
    fun `what Swift's encoders push comes to Kotlin's decoders as it is`() {
        val (pictures, sounds) = fromSwift()
        compare(film, pictures, sounds)
    }

    @Test
    fun `a bit that is another in one picture is noticed in Swift`() =
        toSwift(Film(damaged(film.picture), film.sound)) { swift ->
            val said = swift.awaitFailure()
            assertTrue(said, "another unit" in said)
        }

    @Test
    fun `a bit that is another in one sound is noticed in Kotlin`() {
        val (pictures, sounds) = fromSwift()
        val noticed =
            assertThrows(AssertionError::class.java) {
                compare(Film(film.picture, damaged(film.sound)), pictures, sounds)
            }
        assertTrue(noticed.message, noticed.message.orEmpty().startsWith("unit "))
    }

    /** Plays to the kit, which holds what comes against the film. */
    private fun toSwift(
        played: Film,
        judge: (Program) -> Unit,
    ) = Broadcasting.goLive(goLive(film)).use { broadcasting ->
        Program(folder.root, SWIFT, "watch", broadcasting.link, file.path).use { swift ->
            swift.awaitLine("meeting") { it == "joined" }
            on(Dispatchers.Default) {
                play(broadcasting, played)
                broadcasting.finish()
            }
            judge(swift)
        }
    }

    /** What comes when the kit plays the film. */
    private fun fromSwift(): Pair<List<VideoUnit>, List<AudioUnit>> =
        Program(folder.root, SWIFT, "broadcast", file.path).use { swift ->
            val link = swift.awaitLine("link") { it.startsWith(LINK) }.removePrefix(LINK)
            Watching.join(Join(link, Framing.START_CODES, listen = LOOPBACK)).use { watching ->
                on(Dispatchers.Default) {
                    val came = async { collect(watching) }
                    watching.awaitJoined()
                    swift.say("play")
                    came.await().also { swift.awaitEnd() }
                }
            }
        }

    /** One bit is another in a unit that certainly comes, in the middle of what only a decoder reads. */
    private fun damaged(track: Track): Track {
        val number = track.units.size * 3 / 4
        val data = track.units[number].data.toMutableList()
        data[data.size / 2] = data[data.size / 2] xor 1
        val units = track.units.toMutableList()
        units[number] = units[number].copy(data = data)
        return Track(track.ticks, track.configuration, units)
    }

    private companion object {
        const val FILM_S = 5
        const val LINK = "link "
        val SWIFT: String = checkNotNull(System.getProperty("manyhands.swift")) { "ci/shells runs this" }
    }
}
