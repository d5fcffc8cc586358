-- Products of programs, as they stand with a connection. Records as in 0001.

CREATE TABLE product_rows (
    connection TEXT NOT NULL,
    program TEXT NOT NULL,
    code TEXT NOT NULL,
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    seal BIGINT NOT NULL,
    PRIMARY KEY (connection, program, code)
);
