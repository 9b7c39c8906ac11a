package app.manyhands.media

import android.annotation.SuppressLint
import android.content.Context
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.hardware.camera2.params.MeteringRectangle
import android.os.Handler
import android.view.Surface
import app.manyhands.app.service

/** One camera's pictures into one surface. Told on [handler]'s thread, as it is called. */
class Camera(
    context: Context,
    private val handler: Handler,
    private val told: (CameraTrouble?) -> Unit,
) : AutoCloseable {
    private val manager = context.service<CameraManager>()
    private var device: CameraDevice? = null
    private var session: CameraCaptureSession? = null
    private var target: Surface? = null
    private var of: CameraCharacteristics? = null
    private var torch = false
    private var zoom = 1f
    private var sharp: MeteringRectangle? = null
    private val asItWas = Runnable { sharpen(null) }

    /** Whether the one that is open has a light. */
    var hasTorch = false
        private set

    /** What the sensor's picture is turned by when the phone is held in its natural way, degrees. */
    var sensorTurn = 0
        private set

    /** How near it can bring something. */
    var zoomMost = 1f
        private set

    /** Opens one; what was open before is closed. */
    @SuppressLint("MissingPermission")
    fun open(
        front: Boolean,
        target: Surface,
    ) {
        close()
        this.target = target
        told(CameraTrouble.STARTING)
        try {
            val id = checkNotNull(find(front)) { "there is no camera" }
            val of = manager.getCameraCharacteristics(id)
            this.of = of
            hasTorch = of[CameraCharacteristics.FLASH_INFO_AVAILABLE] == true
            zoomMost = of[CameraCharacteristics.SCALER_AVAILABLE_MAX_DIGITAL_ZOOM] ?: 1f
            sensorTurn = of[CameraCharacteristics.SENSOR_ORIENTATION] ?: 0
            manager.openCamera(id, Opened(), handler)
        } catch (failed: CameraAccessException) {
            told(
                if (failed.reason ==
                    CameraAccessException.CAMERA_IN_USE
                ) {
                    CameraTrouble.TAKEN
                } else {
                    CameraTrouble.FAILED
                },
            )
        } catch (_: SecurityException) {
            told(CameraTrouble.FAILED)
        } catch (_: IllegalStateException) {
            told(CameraTrouble.GAVE_UP)
        }
    }

    private fun find(front: Boolean): String? {
        val wanted = if (front) CameraCharacteristics.LENS_FACING_FRONT else CameraCharacteristics.LENS_FACING_BACK
        val all = manager.cameraIdList
        return all.firstOrNull { manager.getCameraCharacteristics(it)[CameraCharacteristics.LENS_FACING] == wanted }
            ?: all.firstOrNull()
    }

    private inner class Opened : CameraDevice.StateCallback() {
        override fun onOpened(camera: CameraDevice) {
            device = camera
            @Suppress("DEPRECATION") // What replaces it begins with Android 9.
            camera.createCaptureSession(listOf(checkNotNull(target)), Configured(camera), handler)
        }

        override fun onDisconnected(camera: CameraDevice) {
            camera.close()
            if (camera == device) told(CameraTrouble.TAKEN)
        }

        override fun onError(
            camera: CameraDevice,
            error: Int,
        ) {
            camera.close()
            val taken = error == ERROR_CAMERA_IN_USE || error == ERROR_MAX_CAMERAS_IN_USE
            told(if (taken) CameraTrouble.TAKEN else CameraTrouble.FAILED)
        }
    }

    private inner class Configured(
        private val camera: CameraDevice,
    ) : CameraCaptureSession.StateCallback() {
        override fun onConfigured(configured: CameraCaptureSession) {
            session = configured
            repeat(camera)
            told(null)
        }

        override fun onConfigureFailed(configured: CameraCaptureSession) = told(CameraTrouble.FAILED)
    }

    /** The light beside the camera. */
    fun torch(on: Boolean) {
        torch = on
        device?.let(::repeat)
    }

    /** Brings nearer. */
    fun zoom(factor: Float) {
        zoom = factor.coerceIn(1f, zoomMost)
        device?.let(::repeat)
    }

    /** Makes sharp what is around a place of the picture, as the sensor lies; [picture] is its shape. */
    fun focus(
        spot: Spot,
        picture: Float,
    ) {
        val crop = crop() ?: return
        sharpen(MeteringRectangle(Aim.around(spot, crop, picture), MeteringRectangle.METERING_WEIGHT_MAX))
        handler.removeCallbacks(asItWas)
        handler.postDelayed(asItWas, SHARP_MS)
    }

    private fun sharpen(around: MeteringRectangle?) {
        sharp = around
        val camera = device ?: return
        repeat(camera)
        val trigger =
            if (around == null) {
                CaptureRequest.CONTROL_AF_TRIGGER_CANCEL
            } else {
                CaptureRequest.CONTROL_AF_TRIGGER_START
            }
        send {
            val once = request(camera).apply { this[CaptureRequest.CONTROL_AF_TRIGGER] = trigger }
            it.capture(once.build(), null, handler)
        }
    }

    private fun crop() = of?.get(CameraCharacteristics.SENSOR_INFO_ACTIVE_ARRAY_SIZE)?.let { Aim.crop(it, zoom) }

    private fun repeat(camera: CameraDevice) = send { it.setRepeatingRequest(request(camera).build(), null, handler) }

    private fun send(how: (CameraCaptureSession) -> Unit) {
        try {
            session?.let(how)
        } catch (_: CameraAccessException) {
            told(CameraTrouble.FAILED)
        }
    }

    private fun request(camera: CameraDevice): CaptureRequest.Builder {
        val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_RECORD)
        request.addTarget(checkNotNull(target))
        request[CaptureRequest.FLASH_MODE] =
            if (torch) CaptureRequest.FLASH_MODE_TORCH else CaptureRequest.FLASH_MODE_OFF
        crop()?.let { request[CaptureRequest.SCALER_CROP_REGION] = it }
        val around = sharp ?: return request
        if (can(CameraCharacteristics.CONTROL_MAX_REGIONS_AE)) {
            request[CaptureRequest.CONTROL_AE_REGIONS] = arrayOf(around)
        }
        if (can(CameraCharacteristics.CONTROL_MAX_REGIONS_AF)) {
            request[CaptureRequest.CONTROL_AF_MODE] = CaptureRequest.CONTROL_AF_MODE_AUTO
            request[CaptureRequest.CONTROL_AF_REGIONS] = arrayOf(around)
        }
        return request
    }

    private fun can(regions: CameraCharacteristics.Key<Int>) = (of?.get(regions) ?: 0) > 0

    override fun close() {
        handler.removeCallbacks(asItWas)
        torch = false
        zoom = 1f
        sharp = null
        session = null
        device?.close()
        device = null
    }

    private companion object {
        /** How long a tapped place stays sharp; then the camera finds what it likes again. */
        const val SHARP_MS = 5_000L
    }
}
