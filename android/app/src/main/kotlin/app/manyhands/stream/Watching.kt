package app.manyhands.stream

import app.manyhands.core.AudioUnit
import app.manyhands.core.DeviceState
import app.manyhands.core.Figures
import app.manyhands.core.Join
import app.manyhands.core.LendingLimits
import app.manyhands.core.SessionEvent
import app.manyhands.core.VideoUnit
import app.manyhands.core.Viewer
import kotlinx.coroutines.flow.Flow
import java.util.concurrent.atomic.AtomicBoolean

/** A broadcast that is watched: units for the decoders, when they are due. */
class Watching private constructor(
    private val viewer: Viewer,
) : AutoCloseable {
    private val closed = AtomicBoolean(false)

    /** Coded pictures. Fails with a `Failure` when the broadcast was not ended by its broadcaster. */
    val pictures: Flow<VideoUnit> = pulled(closed::get) { viewer.nextVideoUnit() }

    /** Coded sound, likewise. */
    val sounds: Flow<AudioUnit> = pulled(closed::get) { viewer.nextAudioUnit() }

    /** What happens. */
    val events: Flow<SessionEvent> = pulled(closed::get) { viewer.nextEvent() }

    /** The broadcast's title; empty until it is known. */
    val title: String get() = viewer.title()

    /** Where it can be dialled, as `host:port`. */
    val addresses: List<String> get() = viewer.addresses()

    /** The system has found a member of this broadcast on the local network, at this address. */
    suspend fun found(address: String) = viewer.found(address)

    /** Figures of this moment; nothing when it was left. */
    suspend fun figures(): Figures? = viewer.figures()

    /** Changes how much may leave, bits a second; nothing for no limit. */
    suspend fun setUploadLimit(bitsPerSecond: ULong?) = viewer.setUploadLimit(bitsPerSecond)

    /** Hands in what the device reports, whenever any of it changes. */
    suspend fun setDevice(device: DeviceState) = viewer.setDevice(device)

    /** The phone stands in another network. Nothing is said there: nobody has called it home yet. */
    suspend fun networkChanged() {
        viewer.setLocal(false)
        // It may have been closed meanwhile.
        if (!closed.get()) viewer.networkChanged()
    }

    /** The person calls the network home, or not any more. */
    suspend fun setLocal(on: Boolean) = viewer.setLocal(on)

    /** Changes what the person allows to be given. */
    suspend fun setLending(limits: LendingLimits) = viewer.setLending(limits)

    /** Stands still, or goes on where it stood. */
    suspend fun setPaused(paused: Boolean) = viewer.setPaused(paused)

    /** Goes on, if it stood, and to what is live. */
    suspend fun goLive() = viewer.goLive()

    /** Ends every pending collection at once, and leaves in good order meanwhile. */
    override fun close() {
        if (closed.compareAndSet(false, true)) {
            viewer.stop()
            viewer.close()
        }
    }

    companion object {
        /** Joins. Throws a `Failure` when the link can't be used. */
        fun join(options: Join) = Watching(Viewer.join(options))
    }
}
