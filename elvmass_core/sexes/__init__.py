"""Men against women: do models trained on either read the ECG differently, beyond the difference of two trainings?"""
