package app.manyhands.media

import android.annotation.SuppressLint
import android.content.Context
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
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

    /** Whether the one that is open has a light. */
    var hasTorch = false
        private set

    /** What the sensor's picture is turned by when the phone is held in its natural way, degrees. */
    var sensorTurn = 0
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
            hasTorch = of[CameraCharacteristics.FLASH_INFO_AVAILABLE] == true
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
            repeat(camera, torch = false)
            told(null)
        }

        override fun onConfigureFailed(configured: CameraCaptureSession) = told(CameraTrouble.FAILED)
    }

    /** The light beside the camera. */
    fun torch(on: Boolean) {
        device?.let { repeat(it, on) }
    }

    private fun repeat(
        camera: CameraDevice,
        torch: Boolean,
    ) {
        val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_RECORD)
        request.addTarget(checkNotNull(target))
        request[CaptureRequest.FLASH_MODE] =
            if (torch) CaptureRequest.FLASH_MODE_TORCH else CaptureRequest.FLASH_MODE_OFF
        try {
            session?.setRepeatingRequest(request.build(), null, handler)
        } catch (_: CameraAccessException) {
            told(CameraTrouble.FAILED)
        }
    }

    override fun close() {
        session = null
        device?.close()
        device = null
    }
}
