# SPDX-License-Identifier: ISC
"""The parts of the benchmark: each module is one thing of the rig."""
