package app.manyhands.live

import app.manyhands.core.Health
import app.manyhands.core.HealthCause
import app.manyhands.core.HealthLevel
import app.manyhands.device.DeviceReport
import app.manyhands.media.CameraTrouble

/** How far a broadcast is. */
enum class Phase {
    /** Nothing runs. */
    CLOSED,

    /** Only the person sees it. */
    PREVIEW,

    /** On its way out. */
    GOING_LIVE,
    LIVE,

    /** It was live; its summary is shown. */
    ENDED,
}

/** The microphone, as viewers hear it. */
enum class Microphone { ON, MUTED, IN_CALL }

/** All that Preview and Live show, as plain facts: a screen only maps them to words. */
data class LiveState(
    val phase: Phase = Phase.CLOSED,
    val title: String = "",
    val link: String? = null,
    /** Why it could not start, in the core's own words. */
    val failure: String? = null,
    val device: DeviceReport = DeviceReport(),
    /** The person calls the network home. */
    val home: Boolean = false,
    /** Picture and sound are to pause when the app is left. */
    val pausesWhenLeft: Boolean = false,
    /** The app is left. */
    val away: Boolean = false,
    val elapsedS: Long = 0,
    val viewers: Long = 0,
    val mostViewers: Long = 0,
    val health: Health? = null,
    /** Of the time with viewers, in percent; and what was most often the cause when it was not good. */
    val goodPercent: Int? = null,
    val mainCause: HealthCause? = null,
    val sentBytes: Long = 0,
    val bytesAMinute: Long = 0,
    val microphoneOn: Boolean = true,
    val cameraOn: Boolean = true,
    val front: Boolean = false,
    val torchOn: Boolean? = null,
    /** How near the picture is brought, and how near it can be; 1 is not at all. */
    val zoom: Float = 1f,
    val zoomMost: Float = 1f,
    val cameraTrouble: CameraTrouble? = null,
    /** The core wants the camera off: it is too hot. */
    val tooHot: Boolean = false,
    /** The network became a metered one since it went live. */
    val nowMobile: Boolean = false,
    /** The battery's level that was passed a moment ago. */
    val batteryPassed: Int? = null,
    /** Going live waits for a yes, because it is roaming. */
    val asksRoaming: Boolean = false,
    /** The phone is held another way than when it went live, for the first time. */
    val bars: Boolean = false,
    /** That was said. */
    val barsTold: Boolean = false,
) {
    val microphone: Microphone
        get() =
            when {
                device.inCall && phase == Phase.LIVE -> Microphone.IN_CALL
                microphoneOn -> Microphone.ON
                else -> Microphone.MUTED
            }

    /** Live, and nobody gets it. */
    val isLost: Boolean get() = phase == Phase.LIVE && health?.level == HealthLevel.LOST

    /** Whether `Go live` can be tapped. */
    val canGoLive: Boolean get() = phase == Phase.PREVIEW && device.network.online

    /** Whether viewers get the camera's picture while the app is before the person. */
    val cameraSent: Boolean get() = cameraOn && !tooHot

    /** Viewers get neither picture nor sound until the person comes back, who wanted it so. */
    val paused: Boolean get() = phase == Phase.LIVE && away && pausesWhenLeft
}
