package app.manyhands.open

import android.content.Context
import android.graphics.ImageFormat
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.media.ImageReader
import android.os.Handler
import android.os.HandlerThread
import android.os.Looper
import android.view.Surface
import app.manyhands.app.service

/** Looks through the camera for a code. Nothing of what it sees is kept. */
class Scanner(
    private val context: Context,
    private val preview: Surface,
    /** On the main thread, with what the code says. */
    private val found: (String) -> Unit,
) : AutoCloseable {
    private val worker = HandlerThread("scanner").apply { start() }
    private val handler = Handler(worker.looper)
    private val main = Handler(Looper.getMainLooper())
    private val reader = ImageReader.newInstance(WIDTH, HEIGHT, ImageFormat.YUV_420_888, 2)
    private var device: CameraDevice? = null

    /** Begins, where there is a camera that may be used. */
    fun start() {
        reader.setOnImageAvailableListener({ look() }, handler)
        try {
            val manager = context.service<CameraManager>()
            val back = manager.cameraIdList.firstOrNull { isBack(manager, it) } ?: return
            manager.openCamera(back, Opened(), handler)
        } catch (_: CameraAccessException) {
            close()
        } catch (_: SecurityException) {
            close()
        }
    }

    private fun isBack(
        manager: CameraManager,
        id: String,
    ): Boolean {
        val facing = manager.getCameraCharacteristics(id)[CameraCharacteristics.LENS_FACING]
        return facing == CameraCharacteristics.LENS_FACING_BACK
    }

    private fun look() {
        val text =
            reader.acquireLatestImage()?.use { image ->
                val plane = image.planes[0]
                val luma = ByteArray(image.width * image.height)
                for (row in 0 until image.height) {
                    plane.buffer.position(row * plane.rowStride)
                    plane.buffer.get(luma, row * image.width, image.width)
                }
                CodeReader.inLuma(luma, image.width, image.height)
            }
        if (text != null) main.post { found(text) }
    }

    private inner class Opened : CameraDevice.StateCallback() {
        override fun onOpened(camera: CameraDevice) {
            device = camera
            @Suppress("DEPRECATION") // What replaces it begins with Android 9.
            camera.createCaptureSession(listOf(preview, reader.surface), Configured(camera), handler)
        }

        override fun onDisconnected(camera: CameraDevice) = camera.close()

        override fun onError(
            camera: CameraDevice,
            error: Int,
        ) = camera.close()
    }

    private inner class Configured(
        private val camera: CameraDevice,
    ) : CameraCaptureSession.StateCallback() {
        override fun onConfigured(session: CameraCaptureSession) {
            val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
            request.addTarget(preview)
            request.addTarget(reader.surface)
            request[CaptureRequest.CONTROL_AF_MODE] = CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_PICTURE
            try {
                session.setRepeatingRequest(request.build(), null, handler)
            } catch (_: CameraAccessException) {
                camera.close()
            }
        }

        override fun onConfigureFailed(session: CameraCaptureSession) = camera.close()
    }

    override fun close() {
        handler.post {
            device?.close()
            reader.close()
            worker.quitSafely()
        }
    }

    private companion object {
        const val WIDTH = 1280
        const val HEIGHT = 720
    }
}
