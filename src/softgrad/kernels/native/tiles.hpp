// How a tile of X is held: rows or columns of the arithmetic's type, in place where they lie so, else in a buffer.
#pragma once

#include "column_kernels.hpp"
#include "job.hpp"

namespace softgrad::SOFTGRAD_ISA {

// A tile of X in the arithmetic's type: rows `ld` apart, as they lie in memory where that is possible.
template <class T> struct Block {
    const T *data;
    int64_t ld, t;
    const T *row(int64_t i) const { return data + (i < t ? i : t - 1) * ld; }
};

template <class S, class T>
static void unpack(const Table &X, int64_t first, int64_t t, T *to, int64_t ld) {
    const char *from = X.data + first * X.row_stride;
    if (X.column_stride == int64_t(sizeof(S))) {
        for (int64_t i = 0; i < t; ++i, from += X.row_stride) {
            const S *row = (const S *)from;
            for (int64_t j = 0; j < X.d; ++j) to[i * ld + j] = T(row[j]);
        }
        return;
    }
    constexpr int64_t at_once = 8;  // columns, so that a line of the tile is written whole
    for (int64_t j = 0; j < X.d; j += at_once) {
        const int64_t end = j + at_once < X.d ? j + at_once : X.d;
        for (int64_t i = 0; i < t; ++i)
            for (int64_t m = j; m < end; ++m)
                to[i * ld + m] = T(*(const S *)(from + i * X.row_stride + m * X.column_stride));
    }
}

template <class T> static void unpack_any(const Table &X, int64_t first, int64_t t, T *to, int64_t ld) {
    switch (X.element) {
        case Element::f64: return unpack<double>(X, first, t, to, ld);
        case Element::f32: return unpack<float>(X, first, t, to, ld);
        case Element::u8: return unpack<uint8_t>(X, first, t, to, ld);
        case Element::i8: return unpack<int8_t>(X, first, t, to, ld);
        case Element::u16: return unpack<uint16_t>(X, first, t, to, ld);
        case Element::i16: return unpack<int16_t>(X, first, t, to, ld);
        case Element::u32: return unpack<uint32_t>(X, first, t, to, ld);
        case Element::i32: return unpack<int32_t>(X, first, t, to, ld);
        case Element::u64: return unpack<uint64_t>(X, first, t, to, ld);
        case Element::i64: return unpack<int64_t>(X, first, t, to, ld);
    }
}

// How a pass holds its tiles: rows or columns, in place or in a thread's buffer.
enum class Layout { rows_in_place, rows, columns_in_place, columns };

constexpr int64_t few_features = 32;   // up to which turning a tile costs less than summing over lanes

template <class T> static Layout layout_of(const Table &X) {
    const int64_t size = sizeof(T);
    const bool own_type = X.element == (size == 8 ? Element::f64 : Element::f32) && !X.offsets;
    const bool aligned = X.row_stride % size == 0 && X.column_stride % size == 0;
    if (own_type && aligned && X.row_stride == size) return Layout::columns_in_place;
    const auto size_of = [](int64_t stride) { return stride < 0 ? -stride : stride; };
    if (X.d <= few_features || size_of(X.column_stride) > size_of(X.row_stride)) return Layout::columns;
    return own_type && aligned && X.column_stride == size && X.d >= L<T> ? Layout::rows_in_place : Layout::rows;
}

// The tile as rows: as they lie, or converted into `buffer` and padded with zeros to whole registers.
template <class T>
static Block<T> rows_of(const Table &X, int64_t first, int64_t t, int64_t padded, T *buffer, Layout layout) {
    if (layout == Layout::rows_in_place)
        return {(const T *)(X.data + first * X.row_stride), X.row_stride / int64_t(sizeof(T)), t};
    unpack_any(X, first, t, buffer, padded);
    for (int64_t i = 0; i < t; ++i) {
        T *row = buffer + i * padded;
        if (X.offsets)
            for (int64_t j = 0; j < X.d; ++j) row[j] = T(row[j] - X.offsets[j]);
        for (int64_t j = X.d; j < padded; ++j) row[j] = 0;
    }
    return {buffer, padded, t};
}

// Turns rows whose entries lie side by side, four by four; returns how many.
template <class S, class T>
static int64_t turn_rows(const char *from, int64_t row_stride, int64_t d, int64_t t, T *to, int64_t ld) {
    constexpr bool alike = sizeof(S) == sizeof(T) && S(0.5) != S(0);
    int64_t i = 0;
    for (; i + four <= t; i += four, to += four) {
        const S *rows[four];
        for (int r = 0; r < four; ++r) rows[r] = (const S *)(from + (i + r) * row_stride);
        if constexpr (alike) {
            int64_t j = 0;
            for (T *at = to; j + four <= d; j += four, at += four * ld) transpose_four<T>(rows, j, at, ld);
            if (j < d && d >= four) transpose_four<T>(rows, d - four, to + (d - four) * ld, ld);
            if (d >= four) continue;
        }
        for (int64_t j = 0; j < d; ++j)
            for (int r = 0; r < four; ++r) to[j * ld + r] = T(rows[r][j]);
    }
    return i;
}

template <class S, class T> static void unpack_columns(const Table &X, int64_t first, int64_t t, T *to, int64_t ld) {
    const char *from = X.data + first * X.row_stride;
    if (X.row_stride == int64_t(sizeof(S))) {
        for (int64_t j = 0; j < X.d; ++j) {
            const S *column = (const S *)(from + j * X.column_stride);
            for (int64_t i = 0; i < t; ++i) to[j * ld + i] = T(column[i]);
        }
        return;
    }
    const bool in_order = X.column_stride == int64_t(sizeof(S));
    const int64_t turned = in_order ? turn_rows<S>(from, X.row_stride, X.d, t, to, ld) : 0;
    for (int64_t i = turned; i < t; ++i)
        for (int64_t j = 0; j < X.d; ++j)
            to[j * ld + i] = T(*(const S *)(from + i * X.row_stride + j * X.column_stride));
}

template <class T> static void unpack_columns_any(const Table &X, int64_t first, int64_t t, T *to, int64_t ld) {
    switch (X.element) {
        case Element::f64: return unpack_columns<double>(X, first, t, to, ld);
        case Element::f32: return unpack_columns<float>(X, first, t, to, ld);
        case Element::u8: return unpack_columns<uint8_t>(X, first, t, to, ld);
        case Element::i8: return unpack_columns<int8_t>(X, first, t, to, ld);
        case Element::u16: return unpack_columns<uint16_t>(X, first, t, to, ld);
        case Element::i16: return unpack_columns<int16_t>(X, first, t, to, ld);
        case Element::u32: return unpack_columns<uint32_t>(X, first, t, to, ld);
        case Element::i32: return unpack_columns<int32_t>(X, first, t, to, ld);
        case Element::u64: return unpack_columns<uint64_t>(X, first, t, to, ld);
        case Element::i64: return unpack_columns<int64_t>(X, first, t, to, ld);
    }
}

// Rows of a tile that the column kernels sweep over: whole registers.
template <class T> static int64_t swept(int64_t t) { return (t + L<T> - 1) / L<T> * L<T>; }

// The tile as columns `ld` apart, rows padded with zeros; as it lies where nothing needs to be padded.
template <class T>
static Block<T> columns_of(const Table &X, int64_t first, int64_t t, int64_t ld, T *buffer, Layout layout) {
    if (layout == Layout::columns_in_place && swept<T>(t) == t)
        return {(const T *)(X.data + first * X.row_stride), X.column_stride / int64_t(sizeof(T)), t};
    unpack_columns_any(X, first, t, buffer, ld);
    for (int64_t j = 0; j < X.d; ++j) {
        T *column = buffer + j * ld;
        if (X.offsets)
            for (int64_t i = 0; i < t; ++i) column[i] = T(column[i] - X.offsets[j]);
        for (int64_t i = t; i < swept<T>(t); ++i) column[i] = 0;
    }
    return {buffer, ld, t};
}

}  // namespace softgrad::SOFTGRAD_ISA
