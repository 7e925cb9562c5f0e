/* onnx_skeleton.h: an ONNX file without what fills it: the same messages, but the elements of tensors stay where they are.
 *
 *   file       model { graph { initializer { dims, raw_data: 9 MB } node ... doc_string ... } functions ... }
 *   skeleton   model { graph { initializer { dims, raw_data: where and how long } node ... } }
 *
 * So protobuf-c, which copies whatever it unpacks, meets neither weights nor nesting without end: only the fields that the
 * importer reads are kept, and among those no message can contain itself. */
#ifndef IO_ONNX_SKELETON_H
#define IO_ONNX_SKELETON_H

#include "io/file.h"

#include <onnx/onnx.pb-c.h>

/* What stands in the skeleton for the elements of a tensor: raw_data of exactly this. */
typedef struct onnx_elements {
    uint64_t offset; /* in the file */
    uint64_t size;   /* bytes */
} onnx_elements;

/* Unpacks a message of `type` out of `data`, which is `file->data` or a part of another memory, of which offsets then tell. On
 * success the message is the caller's, to be freed with onnx_unpacked_free. */
clade_status onnx_unpack(const io_file *file, const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t size,
                         ProtobufCMessage **message_out);
void onnx_unpacked_free(base_env *env, ProtobufCMessage *message);

#endif
