package app.manyhands.stream

import app.manyhands.core.Broadcaster
import app.manyhands.core.DeviceState
import app.manyhands.core.Figures
import app.manyhands.core.GoLive
import app.manyhands.core.OnAir
import app.manyhands.core.SessionEvent
import app.manyhands.core.Times
import kotlinx.coroutines.flow.Flow
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicBoolean

/** A broadcast that goes out from here: what the encoders give is pushed in. */
class Broadcasting private constructor(
    private val broadcaster: Broadcaster,
) : AutoCloseable {
    private val closed = AtomicBoolean(false)

    /** The open invitation. It is a secret. */
    val link: String = broadcaster.link()

    /** What happens. */
    val events: Flow<SessionEvent> = pulled(closed::get) { broadcaster.nextEvent() }

    /**
     * Takes a coded picture, from the buffer's position to its limit, without copying it on this
     * side: the buffer has to be direct, as a codec's are. Never waits.
     */
    fun pushVideo(
        unit: ByteBuffer,
        times: Times,
    ) = broadcaster.pushVideo(window(unit), times)

    /** Takes a coded sound, likewise. */
    fun pushAudio(
        unit: ByteBuffer,
        times: Times,
    ) = broadcaster.pushAudio(window(unit), times)

    /** Figures of this moment; nothing when it has ended. */
    suspend fun figures(): Figures? = broadcaster.figures()

    /** Changes how much may leave, bits a second; nothing for no limit. */
    suspend fun setUploadLimit(bitsPerSecond: ULong?) = broadcaster.setUploadLimit(bitsPerSecond)

    /** Hands in what the device reports, whenever any of it changes. */
    suspend fun setDevice(device: DeviceState) = broadcaster.setDevice(device)

    /** The phone stands in another network. Nothing is said there: nobody has called it home yet. */
    suspend fun networkChanged() {
        broadcaster.setLocal(false)
        // It may have been closed meanwhile.
        if (!closed.get()) broadcaster.networkChanged()
    }

    /** The person calls the network home, or not any more. */
    suspend fun setLocal(on: Boolean) = broadcaster.setLocal(on)

    /** Changes what viewers get. */
    suspend fun setOnAir(onAir: OnAir) = broadcaster.setOnAir(onAir)

    /** Says to everybody that it is over, and gives the last figures. */
    suspend fun finish(): Figures? = broadcaster.finish()

    /** Ends every pending collection at once, and finishes meanwhile. */
    override fun close() {
        if (closed.compareAndSet(false, true)) {
            broadcaster.stop()
            broadcaster.close()
        }
    }

    /** What crosses is the whole buffer, wherever its position is. */
    private fun window(unit: ByteBuffer): ByteBuffer {
        require(unit.isDirect) { "a codec's buffers are direct" }
        return unit.slice()
    }

    companion object {
        /** Goes live. Throws a `Failure` when that can't be. */
        fun goLive(options: GoLive) = Broadcasting(Broadcaster.goLive(options))
    }
}
